import { and, desc, eq, type SQL, sql } from "drizzle-orm";
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core";
import { Hono } from "hono";
import {
  asUser,
  DuplicateCategoryName,
  deleted,
  ParentDeleted,
  restore,
  type SoftDeletableTable,
} from "spfp-db";
import { accounts, categories } from "spfp-db/schema";
import { z } from "zod";
import { binNames, bins } from "../bins.ts";
import type { Database } from "../database.ts";
import { instant, shortened } from "../format.ts";
import { formOf, idSchema } from "../forms.ts";
import { page } from "../layout.tsx";
import { Act, Nothing } from "../parts.tsx";
import type { Person } from "../people.ts";
import { claimsOf, type Env, goTo, reading } from "../session.ts";
import { rowOf } from "../words.ts";

const binSchema = z.enum(binNames);

/** Rows of a bin that are shown, the last deleted first. */
const shown = 50;

/** What the tables that have a bin have in common. */
type Bin = PgTable & {
  readonly id: AnyPgColumn;
  readonly userId: AnyPgColumn;
  readonly deletedAt: AnyPgColumn;
};

const rowsOf = (table: Bin & SoftDeletableTable, label: AnyPgColumn, { id: user }: Person) => {
  const bin: Bin = table;
  return {
    columns: {
      id: sql<string>`${bin.id}`,
      label: sql<string | null>`${label}`,
      // Milliseconds: some tables have times with a zone and some without, and all are UTC.
      deletedAt: sql`extract(epoch from ${bin.deletedAt}) * 1000`.mapWith(Number),
    },
    where: and(eq(bin.userId, user), deleted(table)) satisfies SQL | undefined,
    order: desc(bin.deletedAt),
    from: bin,
  };
};

/** Why a row cannot come back, for whoever wants it back. */
async function whyNot(db: Database, person: Person, error: unknown): Promise<string> {
  if (error instanceof DuplicateCategoryName) {
    const { holder } = error;
    const [category] =
      holder === undefined
        ? []
        : await asUser(db, claimsOf(person), (tx) =>
            tx.select({ name: categories.name }).from(categories).where(eq(categories.id, holder)),
          );
    return `You have a category called “${shortened(category?.name ?? "that")}” now. Delete it, and this one can come back.`;
  }
  if (error instanceof ParentDeleted) {
    const { parent, parentId } = error;
    const table = parent === "accounts" ? accounts : categories;
    const [row] = await asUser(db, claimsOf(person), (tx) =>
      tx.select({ name: table.name }).from(table).where(eq(table.id, parentId)),
    );
    return `It belongs to the ${rowOf(parent)} “${shortened(row?.name ?? "")}”, which is in the bin too. Restore that first.`;
  }
  throw error;
}

/** What was thrown away, and how it comes back. */
export function binPages(db: Database) {
  return new Hono<Env>()
    .get("/", async (c) => {
      const { person } = c.var;
      const found = await asUser(
        db,
        claimsOf(person),
        async (tx) => {
          const all = [];
          for (const name of binNames) {
            const { columns, from, where, order } = rowsOf(bins[name].table, bins[name].label, person);
            all.push({
              name,
              rows: await tx.select(columns).from(from).where(where).orderBy(order).limit(shown),
            });
          }
          return all;
        },
        reading,
      );
      return page(
        c,
        { title: "Bin", person },
        <>
          <h1>Bin</h1>
          <p class="lead">What was deleted stays here, and can come back.</p>
          {found.every(({ rows }) => rows.length === 0) && <Nothing>The bin is empty.</Nothing>}
          {found
            .filter(({ rows }) => rows.length > 0)
            .map(({ name, rows }) => (
              <section aria-labelledby={`bin-${name}`}>
                <h2 id={`bin-${name}`}>{bins[name].title}</h2>
                <ul class="list">
                  {rows.map((row) => (
                    <li>
                      <div class="grow">
                        <p class="title">{row.label ?? "Without a description"}</p>
                        <p class="facts muted">deleted {instant(new Date(row.deletedAt))}</p>
                      </div>
                      <Act to={`/bin/${name}/${row.id}/restore`} about={row.label ?? "transaction"}>
                        Restore
                      </Act>
                    </li>
                  ))}
                </ul>
              </section>
            ))}
        </>,
      );
    })
    .post("/:bin/:id/restore", async (c) => {
      const { person } = c.var;
      const name = binSchema.safeParse(c.req.param("bin"));
      const id = idSchema.safeParse(c.req.param("id"));
      if (!name.success || !id.success) return c.notFound();
      // Back to where it was undone, and to no other site.
      const { back } = await formOf(c, ["back"]);
      const path = /^\/[a-z0-9/_-]*$/.test(back) && !back.startsWith("//") ? back : "/bin";
      try {
        const [came] = await asUser(db, claimsOf(person), (tx) =>
          restore(tx, bins[name.data].table, [id.data]),
        );
        if (came === undefined) return c.notFound();
      } catch (error) {
        return goTo(c, "/bin", { kind: "problem", text: await whyNot(db, person, error) });
      }
      return goTo(c, path, { kind: "done", text: "It is back where it was." });
    });
}
