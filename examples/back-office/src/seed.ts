import { eq, sql } from "drizzle-orm";
import { asUser, softDelete } from "spfp-db";
import {
  type AccountType,
  accounts,
  automationPermissions,
  categories,
  type LeadStage,
  marketingPosts,
  operationalTasks,
  type Platform,
  type PostStatus,
  salesLeads,
  type TaskPriority,
  type TaskStatus,
  type TransactionType,
  transactions,
} from "spfp-db/schema";
import type { Database } from "./database.ts";
import { moved, today } from "./format.ts";
import { ana, bruno, type Person } from "./people.ts";
import { claimsOf } from "./session.ts";

/** What a person begins with; days are counted from today. */
interface Beginning {
  readonly tasks: readonly (readonly [
    title: string,
    status: TaskStatus,
    priority: TaskPriority,
    due: number | null,
  ])[];
  readonly leads: readonly (readonly [
    name: string,
    company: string,
    stage: LeadStage,
    value: string,
    probability: number,
    next?: string,
  ])[];
  readonly posts: readonly (readonly [title: string, platform: Platform, status: PostStatus, day: number])[];
  readonly accounts: readonly (readonly [name: string, type: AccountType])[];
  /** What is filed under each category: every so many days, for about so much, in the account of this place in the list. */
  readonly categories: readonly {
    readonly name: string;
    readonly type: TransactionType;
    readonly of: readonly string[];
    readonly every: number;
    readonly about: number;
    readonly account: number;
  }[];
}

const beginnings: readonly (readonly [Person, Beginning])[] = [
  [
    ana,
    {
      tasks: [
        ["Send the proposal to Padaria Aurora", "todo", "high", -3],
        ["Renew the font licences", "todo", "medium", -12],
        ["Ask Studio Norte for the photographs", "in_progress", "medium", -1],
        ["Invoice for the bakery's menu", "todo", "high", 1],
        ["Sketches for the café's sign", "in_progress", "high", 4],
        ["Colour proofs of the brochure", "in_progress", "low", 9],
        ["Choose a printer for the calendars", "todo", "low", 20],
        ["Back up the archive of 2025", "todo", "low", null],
        ["Answer the school's enquiry", "todo", "medium", 2],
        ["Order paper samples", "todo", "medium", 6],
        ["Portfolio: add the museum", "todo", "low", null],
        ["Book the stand for the fair", "todo", "medium", 31],
        ["Meet the accountant", "todo", "medium", 12],
        ["Logo for Bicicletas Lima", "done", "high", -6],
        ["Pay the studio's rent", "done", "medium", -8],
        ["Clean the plotter", "done", "low", null],
      ],
      leads: [
        ["Clara Mendes", "Padaria Aurora", "proposal", "18500.00", 60, "send the proposal"],
        ["Henrique Dias", "Café Central", "negotiation", "9200.00", 80, "agree on the dates"],
        ["Marta Nunes", "Escola Girassol", "qualification", "12400.00", 35, "call about the budget"],
        ["João Prado", "Vinícola Serra", "proposal", "42000.00", 45, "show the sketches"],
        ["Lúcia Ramos", "Museu da Cidade", "closed_won", "67800.00", 100],
        ["Otávio Reis", "Hotel Mar", "closed_lost", "25000.00", 0],
        ["Bia Fontes", "Livraria Páginas", "qualification", "5600.50", 30],
        ...[
          "Farmácia Vida",
          "Ótica Luz",
          "Academia Forte",
          "Clínica Bem",
          "Mercado Sol",
          "Teatro Rua",
          "Hotel Lagoa",
          "Sorvetes Gelo",
          "Cervejaria Lua",
          "Floricultura Rosa",
          "Pousada Vento",
          "Oficina Azul",
        ].map(
          (company, at) => ["First enquiry", company, "prospecting", `${1500 + at * 375}.00`, 10] as const,
        ),
      ],
      posts: [
        ["Behind the museum's new signs", "instagram", "posted", -9],
        ["Why we print on recycled paper", "linkedin", "posted", -4],
        ["A menu in three colours", "instagram", "approved", 0],
        ["Reel: cutting the letters", "tiktok", "pending", 0],
        ["The bakery opens", "facebook", "approved", 0],
        ["The bakery opens: the long story", "linkedin", "draft", 0],
        ["The bakery opens: the film", "youtube", "draft", 0],
        ["Type of the week", "instagram", "draft", 2],
        ["Ask me anything", "twitter", "pending", 2],
        ["Calendars are here", "instagram", "draft", 6],
        ["Calendars are here, again", "facebook", "rejected", 6],
        ["Fair: where to find us", "linkedin", "draft", 11],
        ["Year in pictures", "other", "draft", 24],
      ],
      accounts: [
        ["Current account", "checking"],
        ["Credit card", "credit"],
      ],
      categories: [
        {
          name: "Design work",
          type: "INCOME",
          of: ["Invoice: signs", "Invoice: brochure", "Invoice: menu"],
          every: 9,
          about: 4200,
          account: 0,
        },
        {
          name: "Groceries",
          type: "EXPENSE",
          of: ["Market hall", "Padaria Aurora", "Supermarket"],
          every: 3,
          about: 120,
          account: 1,
        },
        { name: "Rent", type: "EXPENSE", of: ["Studio rent"], every: 30, about: 2600, account: 0 },
        {
          name: "Software",
          type: "EXPENSE",
          of: ["Font licence", "Storage"],
          every: 15,
          about: 80,
          account: 1,
        },
        {
          name: "Travel",
          type: "EXPENSE",
          of: ["Train to Campinas", "Taxi"],
          every: 8,
          about: 60,
          account: 1,
        },
      ],
    },
  ],
  [
    bruno,
    {
      tasks: [
        ["True the wheels of the blue Caloi", "in_progress", "high", 0],
        ["Order brake pads", "todo", "medium", -2],
        ["Call back the cargo bike's owner", "todo", "medium", 1],
        ["Sweep the workshop", "done", "low", null],
      ],
      leads: [
        ["Rita Alves", "Entregas Já", "negotiation", "15400.00", 70, "send the service plan"],
        ["Paulo Neri", "Condomínio Verde", "prospecting", "3000.00", 20],
      ],
      posts: [
        ["Spring check for 90 reais", "instagram", "approved", 1],
        ["How to mend a tube", "youtube", "draft", 5],
      ],
      accounts: [["Workshop account", "checking"]],
      categories: [
        { name: "Repairs", type: "INCOME", of: ["Repair", "Spring check"], every: 6, about: 240, account: 0 },
        { name: "Groceries", type: "EXPENSE", of: ["Supermarket"], every: 14, about: 160, account: 0 },
        {
          name: "Parts",
          type: "EXPENSE",
          of: ["Chains", "Brake pads", "Tubes"],
          every: 10,
          about: 310,
          account: 0,
        },
      ],
    },
  ],
];

/** How far back the transactions go. */
const days = 180;

/** "120.00": about so much, different each time, and the same on every start. */
const amountOf = (about: number, turn: number): string =>
  `${Math.round(about * (0.8 + ((turn * 37) % 41) / 100))}.${String((turn * 29) % 100).padStart(2, "0")}`;

const only = <Row>(rows: readonly Row[]): Row => {
  const [row] = rows;
  if (row === undefined) throw new Error("nothing was inserted");
  return row;
};

/** All of it as that person, through row-level security, in one transaction. */
const begin = (db: Database, person: Person, beginning: Beginning): Promise<void> =>
  asUser(db, claimsOf(person), async (tx) => {
    const [userId, day] = [person.id, today()];
    await tx.insert(operationalTasks).values(
      beginning.tasks.map(([title, status, priority, due], at) => ({
        userId,
        title,
        status,
        priority,
        dueDate: due === null ? null : moved(day, due),
        position: beginning.tasks.length - at,
      })),
    );
    await tx.insert(salesLeads).values(
      beginning.leads.map(([name, company, stage, value, probability, nextAction], at) => ({
        userId,
        name,
        company,
        stage,
        value,
        probability,
        ...(nextAction === undefined ? {} : { nextAction, nextActionDate: moved(day, at + 1) }),
      })),
    );
    await tx.insert(marketingPosts).values(
      beginning.posts.map(([title, platform, status, at]) => ({
        userId,
        title,
        platform,
        status,
        scheduledDate: moved(day, at),
      })),
    );
    const held = await tx
      .insert(accounts)
      .values(beginning.accounts.map(([name, type]) => ({ userId, name, type })))
      .returning({ id: accounts.id });
    for (const { name, type, of, every, about, account } of beginning.categories) {
      const kind = type === "INCOME" ? "income" : "expense";
      const { id: categoryId } = only(
        await tx.insert(categories).values({ userId, name, type: kind }).returning({ id: categories.id }),
      );
      await tx.insert(transactions).values(
        Array.from({ length: Math.ceil(days / every) }, (_, turn) => ({
          userId,
          accountId: held[account]?.id ?? "",
          categoryId,
          type,
          description: of[turn % of.length] ?? name,
          amount: amountOf(about, turn),
          date: moved(day, -turn * every),
          paid: turn > 0,
        })),
      );
    }
    await tx.insert(automationPermissions).values({ userId, allowedDomains: ["calendar.example"] });
    await tx
      .update(automationPermissions)
      .set({ enabled: true, maxActionsPerHour: 40 })
      .where(eq(automationPermissions.userId, userId));
  });

/** An account of before, in the bin with what was in it; and a category whose name is used again. */
const throwAway = (db: Database, person: Person): Promise<void> =>
  asUser(db, claimsOf(person), async (tx) => {
    const userId = person.id;
    const account = only(
      await tx
        .insert(accounts)
        .values({ userId, name: "Old savings", type: "savings" })
        .returning({ id: accounts.id }),
    );
    const category = only(
      await tx.insert(categories).values({ userId, name: "Gifts" }).returning({ id: categories.id }),
    );
    const transaction = only(
      await tx
        .insert(transactions)
        .values({
          userId,
          accountId: account.id,
          categoryId: category.id,
          type: "EXPENSE",
          description: "Flowers for Lúcia",
          amount: "64.00",
          date: moved(today(), -200),
        })
        .returning({ id: transactions.id }),
    );
    await softDelete(tx, transactions, [transaction.id]);
    await softDelete(tx, accounts, [account.id]);
  });

/** Gives the two people something to begin with, unless they are there already. */
export async function seed(db: Database): Promise<void> {
  const found = await db.execute(sql`select from auth.users where id = ${ana.id}`);
  if (found.length > 0) return;
  for (const [person, beginning] of beginnings) {
    // Supabase Auth does this when somebody signs up.
    await db.execute(sql`insert into auth.users (id, email) values (${person.id}, ${person.email})`);
    await begin(db, person, beginning);
  }
  await throwAway(db, ana);
}
