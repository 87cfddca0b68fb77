import { and, asc, count as countRows, eq, sql } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { asUser, DuplicateCategoryName, live, StillInUse, softDelete } from "spfp-db";
import { accounts, categories, transactions } from "spfp-db/schema";
import { validators } from "spfp-db/validation";
import type { Database } from "../database.ts";
import { count, shortened } from "../format.ts";
import { type Faults, faultsOf, formOf, given, idSchema } from "../forms.ts";
import { page } from "../layout.tsx";
import { Act, Field, Nothing, tied } from "../parts.tsx";
import { claimsOf, type Env, goTo, reading } from "../session.ts";
import { rowOf, rowsOf } from "../words.ts";

const taken = "You have a category of that name.";

/** What money is filed under, and where it is held: what can be thrown away only while nothing is in it. */
export function categoryPages(db: Database) {
  async function list(c: Context<Env>, name = "", faults: Faults = {}) {
    const { person } = c.var;
    const filed = and(eq(transactions.userId, person.id), live(transactions));
    const found = await asUser(
      db,
      claimsOf(person),
      async (tx) => {
        const inCategories = tx
          .select({ id: transactions.categoryId, used: countRows().as("used") })
          .from(transactions)
          .where(filed)
          .groupBy(transactions.categoryId)
          .as("filed");
        const inAccounts = tx
          .select({ id: transactions.accountId, used: countRows().as("used") })
          .from(transactions)
          .where(filed)
          .groupBy(transactions.accountId)
          .as("filed");
        return {
          categories: await tx
            .select({ id: categories.id, name: categories.name, used: inCategories.used })
            .from(categories)
            .leftJoin(inCategories, eq(inCategories.id, categories.id))
            .where(and(eq(categories.userId, person.id), live(categories)))
            .orderBy(asc(sql`lower(${categories.name})`)),
          accounts: await tx
            .select({ id: accounts.id, name: accounts.name, used: inAccounts.used })
            .from(accounts)
            .leftJoin(inAccounts, eq(inAccounts.id, accounts.id))
            .where(and(eq(accounts.userId, person.id), live(accounts)))
            .orderBy(asc(accounts.name)),
        };
      },
      reading,
    );
    const rows = (kind: "categories" | "accounts") =>
      found[kind].map((row) => (
        <li>
          <div class="grow">
            <p class="title">{row.name}</p>
            <p class="facts muted">{row.used === null ? "not used" : count(row.used, "transaction")}</p>
          </div>
          <Act to={`/categories/${kind}/${row.id}/delete`} about={row.name} quiet>
            Delete
          </Act>
        </li>
      ));
    return page(
      c,
      { title: "Categories", person, status: Object.keys(faults).length === 0 ? 200 : 422 },
      <>
        <h1>Categories</h1>
        <form class="sheet row" method="post" action="/categories" novalidate aria-label="Add a category">
          <Field name="name" label="New category" faults={faults} wide>
            <input {...tied("name", faults)} type="text" value={name} autocomplete="off" />
          </Field>
          <button type="submit">Add</button>
        </form>
        {found.categories.length === 0 && <Nothing>No categories.</Nothing>}
        <ul class="list">{rows("categories")}</ul>
        <h2>Accounts</h2>
        {found.accounts.length === 0 && <Nothing>No accounts.</Nothing>}
        <ul class="list">{rows("accounts")}</ul>
      </>,
    );
  }

  return new Hono<Env>()
    .get("/", (c) => list(c))
    .post("/", async (c) => {
      const { person } = c.var;
      const values = await formOf(c, ["name"]);
      const category = validators.categories.insert.safeParse({
        userId: person.id,
        name: given(values.name),
      });
      if (!category.success) return list(c, values.name, faultsOf(category.error, values));
      try {
        await asUser(db, claimsOf(person), (tx) => tx.insert(categories).values(category.data));
      } catch (error) {
        if (error instanceof DuplicateCategoryName) return list(c, values.name, { name: taken });
        throw error;
      }
      return goTo(c, "/categories", { kind: "done", text: `“${shortened(values.name)}” was added.` });
    })
    .post("/:kind/:id/delete", async (c) => {
      const { person } = c.var;
      const kind = c.req.param("kind");
      const id = idSchema.safeParse(c.req.param("id"));
      if ((kind !== "categories" && kind !== "accounts") || !id.success) return c.notFound();
      try {
        const [gone] = await asUser(db, claimsOf(person), (tx) =>
          softDelete(tx, kind === "categories" ? categories : accounts, [id.data]),
        );
        if (gone === undefined) return c.notFound();
        return await goTo(c, "/categories", {
          kind: "done",
          text: `The ${rowOf(kind)} is in the bin.`,
          undo: { bin: kind, id: gone },
        });
      } catch (error) {
        if (!(error instanceof StillInUse)) throw error;
        return goTo(c, "/categories", {
          kind: "problem",
          text: `This ${rowOf(kind)} still has ${rowsOf(error.by)} in it. Delete those first.`,
        });
      }
    });
}
