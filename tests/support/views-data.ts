import { randomUUID } from "node:crypto";
import fc from "fast-check";
import {
  activityStatuses,
  ataTypes,
  departments,
  leadStages,
  partnershipStatuses,
  platforms,
  postStatuses,
  taskPriorities,
  taskStatuses,
  transactionTypes,
} from "../../src/schema/index.ts";
import { addDays, dayOf, money, startOfDay, timestamp } from "./calendar.ts";
import type { Transaction as Connection } from "./database.ts";
import type { Data, Reading } from "./views-expected.ts";

/*
 * Rows for the views, generated in relation to the clock: "three days ago", "a microsecond before midnight 29 days
 * ago". `place` puts them on it.
 */

/** Users 0 to 2 have rows of every kind, 3 only deleted ones, 4 none. */
export const userCount = 5;

const microsecondsPerDay = 86_400_000_000n;

const owned = fc
  .record({
    user: fc.integer({ min: 0, max: 3 }),
    deleted: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
  })
  .map(({ user, deleted }) => ({ user, deleted: deleted || user === 3 }));

/** Up to 99,999,999,999,999.99: a float no longer tells such cents apart. */
const amount = fc.oneof(
  fc.bigInt({ min: 1n, max: 500_000n }),
  fc.bigInt({ min: 1n, max: 9_999_999_999_999_999n }),
);
/** Commissions are divided, which PostgreSQL does exactly up to about this size. */
const contract = fc.oneof(
  fc.bigInt({ min: 0n, max: 500_000n }),
  fc.bigInt({ min: 0n, max: 9_999_999_999_999n }),
);

/** Days from the business date: often today, or next to it. */
const dayOffset = fc.oneof(fc.integer({ min: -1, max: 1 }), fc.integer({ min: -400, max: 400 }));

/** An instant: at, or a microsecond beside, a midnight that matters; or anywhere in 80 days. */
const instant = fc.oneof(
  fc.record({
    midnight: fc.constantFrom(-30, -29, -28, 0, 1, 2),
    beside: fc.constantFrom(-1n, 0n, 1n),
  }),
  fc.record({ ago: fc.bigInt({ min: -10n * microsecondsPerDay, max: 70n * microsecondsPerDay }) }),
);
type Instant = typeof instant extends fc.Arbitrary<infer T> ? T : never;

/**
 * When the views are read: any time of any day from 2015 (when São Paulo still had summer time, which began and ended
 * at midnight) to 2030, and often at midnight in the business time zone or a microsecond beside it.
 */
export const clock = fc.record({
  day: fc.oneof(
    fc.integer({ min: 0, max: 5500 }).map((days) => addDays("2015-01-01", days)),
    fc.constantFrom("2018-02-18", "2018-11-04", "2024-02-29", "2025-01-01"),
  ),
  since: fc.oneof(
    fc.constantFrom(-1n, 0n, 1n),
    fc.bigInt({ min: 0n, max: microsecondsPerDay - 3_600_000_000n }),
  ),
});

const many = { maxLength: 40 };

export const specification = fc.record({
  transactions: fc.array(
    fc.tuple(owned, fc.record({ type: fc.constantFrom(...transactionTypes), cents: amount, day: dayOffset })),
    many,
  ),
  atas: fc.array(
    fc.tuple(
      owned,
      fc.record({
        type: fc.constantFrom(...ataTypes),
        client: fc.option(fc.integer({ min: 0, max: 5 })),
        sent: instant,
      }),
    ),
    many,
  ),
  activities: fc.array(
    fc.tuple(
      owned,
      fc.record({
        department: fc.constantFrom(...departments),
        status: fc.constantFrom(...activityStatuses),
        requiresApproval: fc.option(fc.boolean()),
        approved: fc.boolean(),
        created: instant,
      }),
    ),
    many,
  ),
  leads: fc.array(
    fc.tuple(
      owned,
      fc.record({
        stage: fc.constantFrom(...leadStages),
        cents: amount,
        probability: fc.integer({ min: 0, max: 100 }),
        updated: instant,
      }),
    ),
    many,
  ),
  tasks: fc.array(
    fc.tuple(
      owned,
      fc.record({
        status: fc.constantFrom(...taskStatuses),
        priority: fc.constantFrom(...taskPriorities),
        due: fc.option(dayOffset),
        updated: instant,
      }),
    ),
    many,
  ),
  posts: fc.array(
    fc.tuple(
      owned,
      fc.record({
        platform: fc.constantFrom(...platforms),
        status: fc.constantFrom(...postStatuses),
        scheduled: fc.option(dayOffset),
      }),
    ),
    many,
  ),
  // Neither of these two tables has a soft delete.
  partners: fc.array(
    fc.record({
      user: fc.integer({ min: 0, max: 2 }),
      clients: fc.array(
        fc.record({
          contractCents: contract,
          rate: fc.integer({ min: 0, max: 10_000 }),
          status: fc.constantFrom(...partnershipStatuses),
          closed: fc.option(dayOffset),
        }),
        { maxLength: 8 },
      ),
    }),
    { maxLength: 8 },
  ),
});
export type Specification = typeof specification extends fc.Arbitrary<infer T> ? T : never;

/** Puts the generated rows on the clock. */
export function place(spec: Specification, users: readonly string[], { now, businessZone }: Reading): Data {
  const today = dayOf(now, businessZone);
  const clients = Array.from({ length: 6 }, () => randomUUID());
  const day = (offset: number) => addDays(today, offset);
  const dayOrNull = (offset: number | null) => (offset === null ? null : day(offset));
  const midnights = new Map<number, bigint>();
  const at = (when: Instant) => {
    if ("ago" in when) return now - when.ago;
    const midnight = midnights.get(when.midnight) ?? startOfDay(day(when.midnight), businessZone);
    midnights.set(when.midnight, midnight);
    return midnight + when.beside;
  };
  const owner = ({ user, deleted }: { user: number; deleted: boolean }) => ({
    userId: users[user] ?? "",
    deleted,
  });
  return {
    transactions: spec.transactions.map(([of, row]) => ({ ...owner(of), ...row, date: day(row.day) })),
    atas: spec.atas.map(([of, row]) => ({
      ...owner(of),
      type: row.type,
      clientId: row.client === null ? null : (clients[row.client] ?? null),
      sentAt: at(row.sent),
    })),
    activities: spec.activities.map(([of, row]) => ({ ...owner(of), ...row, createdAt: at(row.created) })),
    leads: spec.leads.map(([of, row]) => ({ ...owner(of), ...row, updatedAt: at(row.updated) })),
    tasks: spec.tasks.map(([of, row]) => ({
      ...owner(of),
      ...row,
      dueDate: dayOrNull(row.due),
      updatedAt: at(row.updated),
    })),
    posts: spec.posts.map(([of, row]) => ({ ...owner(of), ...row, scheduledDate: dayOrNull(row.scheduled) })),
    partners: spec.partners.map(({ user, clients: its }, index) => ({
      userId: users[user] ?? "",
      id: randomUUID(),
      name: `Partner ${index}`,
      clients: its.map((client) => ({ ...client, closedAt: dayOrNull(client.closed) })),
    })),
  };
}

/** Inserts the rows as the owner of the tables, one statement a table. */
export async function insert(sql: Connection, data: Data): Promise<void> {
  const now = timestamp(0n);
  const insertAll = async (table: string, rows: Record<string, unknown>[]) => {
    const [first] = rows;
    if (first === undefined) return;
    const columns = sql(Object.keys(first));
    await sql`insert into ${sql(table)} (${columns})
      select ${columns} from json_populate_recordset(null::${sql(table)}, ${JSON.stringify(rows)}::text::json)`;
  };
  const deletion = (deleted: boolean) => ({ deleted_at: deleted ? now : null });

  const users = [...new Set(data.transactions.map((row) => row.userId))];
  const places = new Map(users.map((user) => [user, { account: randomUUID(), category: randomUUID() }]));
  const placed = [...places].map(([user_id, { account, category }]) => ({ user_id, account, category }));
  await insertAll(
    "accounts",
    placed.map(({ user_id, account: id }) => ({ id, user_id, name: "A", type: "checking", balance: 0 })),
  );
  await insertAll(
    "categories",
    placed.map(({ user_id, category: id }) => ({ id, user_id, name: "C" })),
  );
  await insertAll(
    "transactions",
    data.transactions.map((row) => ({
      id: randomUUID(),
      user_id: row.userId,
      account_id: places.get(row.userId)?.account,
      category_id: places.get(row.userId)?.category,
      amount: money(row.cents),
      type: row.type,
      date: row.date,
      ...deletion(row.deleted),
    })),
  );
  const stamps = { created_at: now, updated_at: now };
  await insertAll(
    "sent_atas",
    data.atas.map((row) => ({
      id: randomUUID(),
      user_id: row.userId,
      client_id: row.clientId,
      client_name: "C",
      type: row.type,
      channel: "email",
      content: "",
      recipient: "r",
      sent_at: timestamp(row.sentAt),
      ...stamps,
      ...deletion(row.deleted),
    })),
  );
  await insertAll(
    "corporate_activities",
    data.activities.map((row) => ({
      id: randomUUID(),
      user_id: row.userId,
      department: row.department,
      agent_name: "a",
      description: "",
      status: row.status,
      requires_approval: row.requiresApproval,
      approved_at: row.approved ? now : null,
      created_at: timestamp(row.createdAt),
      ...deletion(row.deleted),
    })),
  );
  await insertAll(
    "sales_leads",
    data.leads.map((row) => ({
      id: randomUUID(),
      user_id: row.userId,
      name: "L",
      stage: row.stage,
      value: money(row.cents),
      probability: row.probability,
      position: 0,
      created_at: now,
      updated_at: timestamp(row.updatedAt),
      ...deletion(row.deleted),
    })),
  );
  await insertAll(
    "operational_tasks",
    data.tasks.map((row) => ({
      id: randomUUID(),
      user_id: row.userId,
      title: "T",
      status: row.status,
      priority: row.priority,
      due_date: row.dueDate,
      position: 0,
      created_at: now,
      updated_at: timestamp(row.updatedAt),
      ...deletion(row.deleted),
    })),
  );
  await insertAll(
    "marketing_posts",
    data.posts.map((row) => ({
      id: randomUUID(),
      user_id: row.userId,
      title: "P",
      platform: row.platform,
      status: row.status,
      scheduled_date: row.scheduledDate,
      ...stamps,
      ...deletion(row.deleted),
    })),
  );
  await insertAll(
    "partners_v2",
    data.partners.map(({ id, userId, name }) => ({
      id,
      user_id: userId,
      name,
      default_commission_rate: 50,
      is_active: true,
      ...stamps,
    })),
  );
  await insertAll(
    "partnership_clients",
    data.partners.flatMap(({ id, userId, clients }) =>
      clients.map((client) => ({
        id: randomUUID(),
        user_id: userId,
        partner_id: id,
        client_name: "C",
        contract_value: money(client.contractCents),
        commission_rate: money(BigInt(client.rate)),
        status: client.status,
        closed_at: client.closedAt,
        ...stamps,
      })),
    ),
  );
}
