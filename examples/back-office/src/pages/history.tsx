import { and, asc, eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { asUser, live, softDelete, transactionHistory } from "spfp-db";
import { accounts, categories, transactions } from "spfp-db/schema";
import { validators } from "spfp-db/validation";
import type { Database } from "../database.ts";
import { money, shortDay, shortened, today } from "../format.ts";
import { type Faults, faultsOf, formOf, given, idSchema, type Values } from "../forms.ts";
import { page } from "../layout.tsx";
import { Act, Choice, Field, Nothing, Pager, tied } from "../parts.tsx";
import { claimsOf, type Env, goTo, reading } from "../session.ts";

/** A year, and rows that fit on a screen or two. */
const shown = { days: 365, limit: 25 };

const fields = ["description", "amount", "type", "date", "accountId", "categoryId"] as const;
type TransactionForm = Values<(typeof fields)[number]>;

/** The transactions, the newest first, and a form for another. */
export function historyPages(db: Database) {
  async function form(c: Context<Env>, values: TransactionForm, faults: Faults = {}) {
    const { person } = c.var;
    const { accountNames, categoryNames } = await asUser(
      db,
      claimsOf(person),
      async (tx) => ({
        accountNames: await tx
          .select({ id: accounts.id, name: accounts.name })
          .from(accounts)
          .where(and(eq(accounts.userId, person.id), live(accounts)))
          .orderBy(asc(accounts.name)),
        categoryNames: await tx
          .select({ id: categories.id, name: categories.name })
          .from(categories)
          .where(and(eq(categories.userId, person.id), live(categories)))
          .orderBy(asc(categories.name)),
      }),
      reading,
    );
    const named = (rows: readonly { id: string; name: string }[]) =>
      Object.fromEntries(rows.map(({ id, name }) => [id, name]));
    return page(
      c,
      { title: "New transaction", person, status: Object.keys(faults).length === 0 ? 200 : 422 },
      <>
        <div class="heading">
          <h1>New transaction</h1>
          <a href="/history">All transactions</a>
        </div>
        <form class="sheet" method="post" action="/history" novalidate>
          <Field name="description" label="What for" faults={faults}>
            <input
              {...tied("description", faults)}
              type="text"
              value={values.description}
              autocomplete="off"
            />
          </Field>
          <Field name="amount" label="Amount" hint="In reais, as 12.50" faults={faults}>
            <input
              {...tied("amount", faults, true)}
              type="text"
              inputmode="decimal"
              value={values.amount}
              autocomplete="off"
            />
          </Field>
          <Field name="type" label="Income or expense" faults={faults}>
            <Choice
              name="type"
              names={{ EXPENSE: "Expense", INCOME: "Income" }}
              chosen={values.type}
              faults={faults}
            />
          </Field>
          <Field name="date" label="Day" faults={faults}>
            <input {...tied("date", faults)} type="date" value={values.date} />
          </Field>
          <Field name="accountId" label="Account" faults={faults}>
            <Choice name="accountId" names={named(accountNames)} chosen={values.accountId} faults={faults} />
          </Field>
          <Field name="categoryId" label="Category" faults={faults}>
            <Choice
              name="categoryId"
              names={named(categoryNames)}
              chosen={values.categoryId}
              faults={faults}
            />
          </Field>
          <button type="submit">Save</button>
        </form>
      </>,
    );
  }

  return new Hono<Env>()
    .get("/", async (c) => {
      const { person } = c.var;
      const after = c.req.query("after");
      const { history, accountNames, categoryNames } = await asUser(
        db,
        claimsOf(person),
        async (tx) => ({
          history: await transactionHistory(tx, { userId: person.id, ...shown, after }),
          // What is in the bin too: a transaction keeps the names that it was filed under.
          accountNames: await tx
            .select({ id: accounts.id, name: accounts.name })
            .from(accounts)
            .where(eq(accounts.userId, person.id)),
          categoryNames: await tx
            .select({ id: categories.id, name: categories.name })
            .from(categories)
            .where(eq(categories.userId, person.id)),
        }),
        reading,
      );
      const nameOf = new Map([...accountNames, ...categoryNames].map(({ id, name }) => [id, name]));
      return page(
        c,
        { title: "Transactions", person },
        <>
          <div class="heading">
            <h1>Transactions</h1>
            <a class="button" href="/history/new">
              New transaction
            </a>
          </div>
          {history.rows.length === 0 && <Nothing>There are none of the last year.</Nothing>}
          <ul class="list ledger">
            {history.rows.map((row) => (
              <li>
                <time class="muted" datetime={row.date}>
                  {shortDay(row.date)}
                </time>
                <div class="grow">
                  <p class="title">{row.description ?? "Without a description"}</p>
                  <p class="facts muted">
                    {nameOf.get(row.categoryId)} · {nameOf.get(row.accountId)}
                    {row.paid !== true && " · not paid yet"}
                  </p>
                </div>
                <p class={row.type === "INCOME" ? "amount income" : "amount"}>
                  <span class="unseen">{row.type === "INCOME" ? "Income" : "Expense"} </span>
                  {row.type === "INCOME" ? "+" : "−"}
                  {money(row.amount)}
                </p>
                <Act to={`/history/${row.id}/delete`} about={row.description ?? "transaction"} quiet>
                  Delete
                </Act>
              </li>
            ))}
          </ul>
          <Pager path="/history" next={history.next} first={after === undefined} of="transactions" />
        </>,
      );
    })
    .get("/new", (c) =>
      form(c, { description: "", amount: "", type: "EXPENSE", date: today(), accountId: "", categoryId: "" }),
    )
    .post("/", async (c) => {
      const { person } = c.var;
      const values = await formOf(c, fields);
      const transaction = validators.transactions.insert.safeParse({
        userId: person.id,
        description: given(values.description),
        amount: given(values.amount),
        type: values.type,
        date: given(values.date),
        accountId: given(values.accountId),
        categoryId: given(values.categoryId),
        paid: true,
      });
      if (!transaction.success) return form(c, values, faultsOf(transaction.error, values));
      await asUser(db, claimsOf(person), (tx) => tx.insert(transactions).values(transaction.data));
      return goTo(c, "/history", {
        kind: "done",
        text: `“${shortened(values.description || "The transaction")}” was saved.`,
      });
    })
    .post("/:id/delete", async (c) => {
      const { person } = c.var;
      const id = idSchema.safeParse(c.req.param("id"));
      if (!id.success) return c.notFound();
      const [gone] = await asUser(db, claimsOf(person), (tx) => softDelete(tx, transactions, [id.data]));
      if (gone === undefined) return c.notFound();
      return goTo(c, "/history", {
        kind: "done",
        text: "The transaction is in the bin.",
        undo: { bin: "transactions", id: gone },
      });
    });
}
