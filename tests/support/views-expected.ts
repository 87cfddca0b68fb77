import { addDays, dayOf, decimal, money } from "./calendar.ts";

/*
 * What the views should say of a set of rows, computed row by row from their description, and from none of
 * their SQL. A row of a view is its columns in order, each as text; money as the shortest decimal, instants as
 * microseconds.
 */

export interface Owned {
  userId: string;
  deleted: boolean;
}
export interface Transaction extends Owned {
  type: "INCOME" | "EXPENSE";
  cents: bigint;
  date: string;
}
export interface Ata extends Owned {
  type: string;
  clientId: string | null;
  sentAt: bigint;
}
export interface Activity extends Owned {
  department: string;
  status: string;
  requiresApproval: boolean | null;
  approved: boolean;
  createdAt: bigint;
}
export interface Lead extends Owned {
  stage: string;
  cents: bigint;
  probability: number;
  updatedAt: bigint;
}
export interface Task extends Owned {
  status: string;
  priority: string;
  dueDate: string | null;
  updatedAt: bigint;
}
export interface Post extends Owned {
  platform: string;
  status: string;
  scheduledDate: string | null;
}
export interface Client {
  contractCents: bigint;
  /** In hundredths of a percent. */
  rate: number;
  status: string;
  closedAt: string | null;
}
export interface Partner {
  userId: string;
  id: string;
  name: string;
  clients: Client[];
}

export interface Data {
  transactions: Transaction[];
  atas: Ata[];
  activities: Activity[];
  leads: Lead[];
  tasks: Task[];
  posts: Post[];
  partners: Partner[];
}

/** When and where the views are read. */
export interface Reading {
  now: bigint;
  businessZone: string;
}

export type ViewRow = readonly string[];

const sum = (values: bigint[]) => values.reduce((total, value) => total + value, 0n);
const latest = (values: bigint[]) => String([...values].sort((a, b) => (a < b ? -1 : 1)).at(-1));
const distinct = (values: unknown[]) => String(new Set(values.filter((value) => value !== null)).size);

function grouped<T>(rows: readonly T[], key: (row: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** One row per user who has a live row. */
function perUser<T extends Owned>(
  rows: readonly T[],
  columns: (rows: T[], first: T) => string[],
  key: (row: T) => string = () => "",
): ViewRow[] {
  const live = rows.filter((row) => !row.deleted);
  return grouped(live, (row) => `${row.userId} ${key(row)}`).flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [[first.userId, ...columns(group, first)]];
  });
}

/** The mean as a fraction, for `isMean`: what PostgreSQL prints is rounded. */
function mean(values: number[]): string {
  return values.length === 0 ? "0" : `${values.reduce((a, b) => a + b, 0)}/${values.length}`;
}

/** Whether a printed decimal is the fraction, to half a unit of its last digit, of which there are 16 at least. */
export function isMean(printed: string, fraction: string): boolean {
  const [total = "", count = "1"] = fraction.split("/");
  const [whole = "", decimals = ""] = printed.split(".");
  const scaled = BigInt(whole + decimals) * BigInt(count);
  const difference = scaled - BigInt(total) * 10n ** BigInt(decimals.length);
  const exact = difference === 0n;
  const precise = (whole + decimals).replace(/^0+/, "").length >= 16;
  return exact || (precise && (difference < 0n ? -difference : difference) * 2n <= BigInt(count));
}

const isOpen = (lead: Lead) => lead.stage !== "closed_won" && lead.stage !== "closed_lost";

/** A quotient rounded half up, which is PostgreSQL's way for positive numbers. */
const rounded = (dividend: bigint, divisor: bigint) => (2n * dividend + divisor) / (2n * divisor);
const commissionOf = (client: Client) => rounded(client.contractCents * BigInt(client.rate), 10_000n);
const shareOf = (client: Client) => rounded(client.contractCents * BigInt(client.rate), 20_000n);

const clientSums = (clients: Client[]) => [
  money(sum(clients.map((client) => client.contractCents))),
  money(sum(clients.map(commissionOf))),
  money(sum(clients.map(shareOf))),
  money(sum(clients.map(shareOf))),
];

export const expectedViews: Record<string, (data: Data, reading: Reading) => ViewRow[]> = {
  dashboard_metrics: ({ transactions }, { now, businessZone }) =>
    perUser(transactions, (rows) => {
      const today = dayOf(now, businessZone);
      const cents = (type: Transaction["type"], of: Transaction[]) =>
        sum(of.filter((row) => row.type === type).map((row) => row.cents));
      const todays = rows.filter((row) => row.date === today);
      const [income, expense] = [cents("INCOME", rows), cents("EXPENSE", rows)];
      const [incomeToday, expenseToday] = [cents("INCOME", todays), cents("EXPENSE", todays)];
      return [
        today,
        String(todays.filter((row) => row.type === "INCOME").length),
        String(todays.filter((row) => row.type === "EXPENSE").length),
        money(income),
        money(expense),
        money(incomeToday - expenseToday),
        money(incomeToday),
        money(expenseToday),
        money(income - expense),
      ];
    }),

  crm_health_check: ({ atas }, { now, businessZone }) =>
    perUser(atas, (rows) => {
      const today = dayOf(now, businessZone);
      const first = addDays(today, -29);
      const recent = rows.filter((row) => {
        const day = dayOf(row.sentAt, businessZone);
        return first <= day && day <= today;
      });
      return [
        distinct(rows.map((row) => row.clientId)),
        distinct(rows.map((row) => row.type)),
        String(rows.length),
        latest(rows.map((row) => row.sentAt)),
        String(recent.length),
      ];
    }),

  corporate_health_check: ({ activities }) =>
    perUser(activities, (rows) => [
      distinct(rows.map((row) => row.department)),
      distinct(rows.map((row) => row.status)),
      String(rows.length),
      String(rows.filter((row) => row.status === "completed").length),
      String(rows.filter((row) => row.requiresApproval === true && !row.approved).length),
      latest(rows.map((row) => row.createdAt)),
    ]),

  sales_health_check: ({ leads }) =>
    perUser(leads, (rows) => {
      const inStage = (...stages: string[]) => rows.filter((row) => stages.includes(row.stage));
      const open = rows.filter(isOpen);
      return [
        String(rows.length),
        String(inStage("prospecting").length),
        String(inStage("qualification", "proposal", "negotiation").length),
        String(inStage("closed_won").length),
        String(inStage("closed_lost").length),
        money(sum(open.map((row) => row.cents))),
        mean(open.map((row) => row.probability)),
        latest(rows.map((row) => row.updatedAt)),
        money(sum(inStage("closed_won").map((row) => row.cents))),
        decimal(sum(open.map((row) => row.cents * BigInt(row.probability))), 4),
      ];
    }),

  operational_health_check: ({ tasks }, { now, businessZone }) =>
    perUser(tasks, (rows) => [
      String(rows.length),
      String(rows.filter((row) => row.status === "todo").length),
      String(rows.filter((row) => row.status === "in_progress").length),
      String(rows.filter((row) => row.status === "done").length),
      String(rows.filter((row) => row.priority === "high" && row.status !== "done").length),
      String(rows.filter((row) => isOverdue(row, dayOf(now, businessZone))).length),
      latest(rows.map((row) => row.updatedAt)),
    ]),

  marketing_health_check: ({ posts }, { now, businessZone }) =>
    perUser(posts, (rows) => [
      String(rows.length),
      String(rows.filter((row) => row.status === "draft").length),
      String(rows.filter((row) => row.status === "pending").length),
      String(rows.filter((row) => row.status === "posted").length),
      String(rows.filter((row) => row.status === "rejected").length),
      distinct(rows.map((row) => row.platform)),
      String(
        rows.filter(
          (row) =>
            row.scheduledDate !== null &&
            row.scheduledDate >= dayOf(now, businessZone) &&
            !["posted", "rejected"].includes(row.status),
        ).length,
      ),
    ]),

  sales_pipeline_summary: ({ leads }) =>
    perUser(
      leads.filter(isOpen),
      (rows, { stage }) => [
        stage,
        String(rows.length),
        money(sum(rows.map((row) => row.cents))),
        mean(rows.map((row) => row.probability)),
      ],
      (row) => row.stage,
    ),

  tasks_summary: ({ tasks }, { now, businessZone }) =>
    perUser(
      tasks,
      (rows, { status }) => [
        status,
        String(rows.length),
        String(rows.filter((row) => row.priority === "high").length),
        String(rows.filter((row) => isOverdue(row, dayOf(now, businessZone))).length),
      ],
      (row) => row.status,
    ),

  posts_by_platform: ({ posts }) =>
    perUser(
      posts,
      (rows, { platform }) => [
        platform,
        String(rows.length),
        String(rows.filter((row) => row.status === "posted").length),
        String(rows.filter((row) => row.status === "pending").length),
      ],
      (row) => row.platform,
    ),

  partnership_summary_by_partner: ({ partners }) =>
    partners.map(({ userId, id, name, clients }) => {
      const share = (status: string) =>
        money(sum(clients.filter((client) => client.status === status).map(shareOf)));
      return [
        userId,
        id,
        name,
        String(clients.length),
        ...clientSums(clients),
        share("pending"),
        share("paid"),
      ];
    }),

  partnership_monthly_revenue: ({ partners }) => {
    const closed = partners.flatMap(({ userId, clients }) =>
      clients.flatMap((client) =>
        client.closedAt === null
          ? []
          : [{ userId, month: `${client.closedAt.slice(0, 7)}-01 00:00:00`, client }],
      ),
    );
    return grouped(closed, ({ userId, month }) => `${userId} ${month}`).flatMap((group) => {
      const [first] = group;
      const clients = group.map(({ client }) => client);
      return first === undefined
        ? []
        : [[first.userId, first.month, String(clients.length), ...clientSums(clients)]];
    });
  },
};

function isOverdue(task: Task, today: string): boolean {
  return task.dueDate !== null && task.dueDate < today && task.status !== "done";
}
