import { randomUUID } from "node:crypto";
import { getTableConfig, getViewConfig, type PgTable } from "drizzle-orm/pg-core";
import fc from "fast-check";
import postgres from "postgres";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { quoteIdentifier, quoteLiteral } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { viewDefinitions } from "../../../src/views/definitions.ts";
import { become, createDatabase, sqlstate, type Transaction } from "../../support/database.ts";
import { insertRow, makeRow, managedTables } from "../../support/rows.ts";

const database = await createDatabase("deployed");

const tables = managedTables.map(([, table]) => {
  const { name, columns } = getTableConfig(table);
  return { name, table, columns, softDelete: columns.some((column) => column.name === "deleted_at") };
});
type Tenanted = (typeof tables)[number];
const views = viewDefinitions.map(({ view }) => getViewConfig(view).name);

/** What a signed-in user may do with their own rows, where it is not everything. */
const commands: Record<string, readonly string[]> = {
  automation_logs: ["SELECT", "INSERT"],
  automation_permissions_audit: ["SELECT"],
};
const may = (table: Tenanted, command: string) => commands[table.name]?.includes(command) ?? true;

/** A user with two rows in every table, or one where there can be only one; one of the two soft-deleted. */
async function populate(): Promise<{ id: string; rows: Map<string, string[]> }> {
  const id = await database.createUser();
  const rows = new Map<string, string[]>();
  await database.transaction(async (sql) => {
    for (const { name, table, softDelete } of tables) {
      const first = await insertRow(sql, table, id);
      const ids = [z.string().parse(first["id"])];
      if (name !== "automation_permissions") {
        const second = await insertRow(sql, table, id, softDelete ? { deleted_at: "2026-01-02" } : {});
        ids.push(z.string().parse(second["id"]));
      }
      rows.set(name, ids);
    }
  }, "commit");
  return { id, rows };
}

const victim = await populate();
const intruder = await populate();

/** Every row of everybody, or of one user, as text. */
async function snapshot(sql: Transaction, user?: string): Promise<unknown> {
  const parts = tables.map(
    ({ name }) =>
      `select ${quoteLiteral(name)} as table_name, t.id::text, to_jsonb(t)::text as content from ${quoteIdentifier(name)} t
       ${user === undefined ? "" : `where user_id = ${quoteLiteral(user)}`}`,
  );
  return [...(await sql.unsafe(`${parts.join(" union all ")} order by 1, 2`))];
}

const ownerOf = z.looseObject({ user_id: z.string() });

/** What a statement shows to whoever runs it; undefined where it is refused for what it tries. */
async function attempt(sql: Transaction, run: (sql: Transaction) => Promise<Iterable<unknown>>) {
  try {
    return await sql.savepoint(async (inner) => [...(await run(inner))]);
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    // Anything else would mean that the statement was not the attack that it should be: a typing error, say.
    expect(["42501", "23001", "23503", "23505", "23514"], error.message).toContain(error.code);
    return undefined;
  }
}

const target = fc.constantFrom("all rows", "the victim's rows", "the victim's row", "rows of others");
type Target = typeof target extends fc.Arbitrary<infer T> ? T : never;

function where(of: Target, { name }: Tenanted): string {
  switch (of) {
    // A statement that reads no column is not held to the SELECT policy: the command's own must do.
    case "all rows":
      return "";
    case "the victim's rows":
      return `where user_id = ${quoteLiteral(victim.id)}`;
    case "the victim's row":
      return `where id = ${quoteLiteral(victim.rows.get(name)?.[0] ?? "")}`;
    case "rows of others":
      return `where user_id <> ${quoteLiteral(intruder.id)}`;
  }
}

const assignments = {
  "a soft delete": ({ softDelete }: Tenanted) => (softDelete ? "deleted_at = now()" : "id = id"),
  "a gift": () => `user_id = ${quoteLiteral(victim.id)}`,
  "a theft": () => `user_id = ${quoteLiteral(intruder.id)}`,
  "a touch": ({ columns }: Tenanted) =>
    columns
      .filter((column) => column.getSQLType() === "text" || column.name === "created_at")
      .map((column) => `${quoteIdentifier(column.name)} = ${quoteIdentifier(column.name)}`)
      .join(", "),
};
type Assignment = keyof typeof assignments;

const anyTable = fc.constantFrom(...tables);
const operation = fc.oneof(
  fc.record({ do: fc.constant("select" as const), table: anyTable, of: target, lock: fc.boolean() }),
  fc.record({ do: fc.constant("view" as const), view: fc.constantFrom(...views) }),
  fc.record({ do: fc.constant("join" as const), view: fc.constantFrom(...views), table: anyTable }),
  fc.record({
    do: fc.constant("update" as const),
    table: anyTable,
    of: target,
    returning: fc.boolean(),
    set: fc.constantFrom<Assignment>("a soft delete", "a gift", "a theft", "a touch"),
  }),
  fc.record({ do: fc.constant("delete" as const), table: anyTable, of: target, returning: fc.boolean() }),
  fc.record({
    do: fc.constant("insert" as const),
    table: anyTable,
    as: fc.constantFrom("themselves", "the victim"),
    pointing: fc.constantFrom("at their own", "at the victim's"),
  }),
  fc.record({
    do: fc.constant("upsert" as const),
    table: anyTable,
    as: fc.constantFrom("themselves", "the victim"),
    set: fc.constantFrom<Assignment | "nothing">("nothing", "a soft delete", "a theft", "a touch"),
  }),
  fc.record({ do: fc.constant("truncate" as const), table: anyTable, cascade: fc.boolean() }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The ids of the rows of the victim that a row of this table may point at. */
function victimsParents(table: PgTable): Record<string, string> {
  return Object.fromEntries(
    getTableConfig(table).foreignKeys.flatMap(({ reference }) => {
      const { columns, foreignTable } = reference();
      const id = victim.rows.get(getTableConfig(foreignTable).name)?.[0];
      return columns.flatMap((column) =>
        id === undefined || column.name === "user_id" ? [] : [[column.name, id]],
      );
    }),
  );
}

/** Runs an operation as whoever the session has become; the rows that it shows. */
async function perform(sql: Transaction, each: Operation): Promise<unknown[] | undefined> {
  if (each.do === "view") {
    return attempt(sql, (inner) => inner.unsafe(`select * from ${quoteIdentifier(each.view)}`));
  }
  const name = quoteIdentifier(each.table.name);
  const returning = "returning" in each && each.returning ? "returning *" : "";
  switch (each.do) {
    case "select":
      return attempt(sql, (inner) =>
        inner.unsafe(`select * from ${name} ${where(each.of, each.table)}${each.lock ? " for update" : ""}`),
      );
    case "join":
      return attempt(sql, (inner) =>
        inner.unsafe(
          `select t.* from ${quoteIdentifier(each.view)} v join ${name} t on t.user_id is not null limit 100`,
        ),
      );
    case "update": {
      const assignment = assignments[each.set](each.table) || "id = id";
      return attempt(sql, (inner) =>
        inner.unsafe(`update ${name} set ${assignment} ${where(each.of, each.table)} ${returning}`),
      );
    }
    case "delete":
      return attempt(sql, (inner) =>
        inner.unsafe(`delete from ${name} ${where(each.of, each.table)} ${returning}`),
      );
    case "insert": {
      const user = each.as === "the victim" ? victim.id : intruder.id;
      const given = each.pointing === "at the victim's" ? victimsParents(each.table.table) : {};
      return attempt(sql, async (inner) => {
        await insertRow(inner, each.table.table, user, given);
        return [];
      });
    }
    case "upsert": {
      const user = each.as === "the victim" ? victim.id : intruder.id;
      const id = victim.rows.get(each.table.name)?.[0] ?? randomUUID();
      return attempt(sql, async (inner) => {
        const row = await makeRow(inner, each.table.table, user, { ...victimsParents(each.table.table), id });
        const action =
          each.set === "nothing"
            ? "nothing"
            : `update set ${assignments[each.set](each.table).replaceAll(/= (id|"\w+")/g, `= ${name}.$1`)}`;
        return inner`insert into ${inner(each.table.name)} ${inner(row)}
          on conflict (id) do ${inner.unsafe(action)} returning *`;
      });
    }
    case "truncate":
      return attempt(sql, async (inner) => {
        await inner.unsafe(`truncate ${name}${each.cascade ? " cascade" : ""}`);
        throw new Error(`truncate of ${name} was allowed`);
      });
  }
}

describe("whatever one user does", () => {
  it("no row of another is shown or changed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 12 }), (operations) =>
        database.transaction(async (sql) => {
          const before = await snapshot(sql, victim.id);
          await become(sql, "authenticated", intruder.id);
          for (const each of operations) {
            for (const row of (await perform(sql, each)) ?? []) {
              expect(ownerOf.parse(row).user_id).toBe(intruder.id);
            }
          }
          await sql`reset role`;
          expect(await snapshot(sql, victim.id)).toEqual(before);
        }),
      ),
      { numRuns: 100 },
    );
  });
});

describe("anybody who is not signed in", () => {
  it("is shown nothing and changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 12 }), (operations) =>
        database.transaction(async (sql) => {
          const before = await snapshot(sql);
          await become(sql, "anon");
          for (const each of operations) expect((await perform(sql, each)) ?? []).toEqual([]);
          await sql`reset role`;
          expect(await snapshot(sql)).toEqual(before);
        }),
      ),
      { numRuns: 50 },
    );
  });

  it.each(views)("has no right on the view %s", async (view) => {
    const read = database.asAnon((sql) => sql`select from ${sql(view)}`);
    expect(await sqlstate(read)).toBe("42501");
  });
});

it.each(tables)("deleting all of $name deletes one's own", async ({ name }) => {
  await database.transaction(async (sql) => {
    const before = await snapshot(sql, victim.id);
    await become(sql, "authenticated", intruder.id);
    await attempt(sql, (inner) => inner.unsafe(`delete from ${name}`));
    await sql`reset role`;
    expect(await snapshot(sql, victim.id)).toEqual(before);
  });
});

describe.each(tables)("a user's own rows of $name", (own) => {
  const { name, table } = own;
  const id = intruder.rows.get(name)?.[0] ?? "";
  const as = <T>(run: (sql: Transaction) => Promise<T>) => database.asUser(intruder.id, run);

  it("are all visible, deleted or not", async () => {
    const rows = await as((sql) => sql`select id from ${sql(name)}`);
    const ids = rows.map((row) => row["id"]);
    expect(ids).toEqual(expect.arrayContaining(intruder.rows.get(name) ?? []));
    expect(ids.filter((each) => victim.rows.get(name)?.includes(String(each)))).toEqual([]);
  });

  it(`${may(own, "INSERT") ? "can" : "cannot"} be inserted`, async () => {
    const user = await database.createUser();
    const done = sqlstate(database.asUser(user, (sql) => insertRow(sql, table, user)));
    expect(await done).toBe(may(own, "INSERT") ? undefined : "42501");
  });

  it("cannot be inserted in another's name", async () => {
    const done = database.transaction(async (sql) => {
      // What the row must point at is made before, or its refusal would hide that of the row.
      const row = await makeRow(sql, table, (await newUser(sql)) ?? "");
      await become(sql, "authenticated", intruder.id);
      await sql`insert into ${sql(name)} ${sql(row)}`;
    });
    expect(await sqlstate(done)).toBe("42501");
  });

  it(`${may(own, "UPDATE") ? "can" : "cannot"} be updated`, async () => {
    const done = as((sql) => sql`update ${sql(name)} set id = id where id = ${id}`);
    if (may(own, "UPDATE")) expect((await done).count).toBe(1);
    else expect([await sqlstate(done), await changedAnyway(done)]).toBeOneOf(refusals);
  });

  it(`${may(own, "DELETE") ? "can" : "cannot"} be deleted`, async () => {
    const user = await database.createUser();
    const done = database.transaction(async (sql) => {
      const row = await insertRow(sql, table, user);
      await become(sql, "authenticated", user);
      return sql`delete from ${sql(name)} where id = ${row["id"] ?? null}`;
    });
    if (may(own, "DELETE")) expect((await done).count).toBe(1);
    else expect([await sqlstate(done), await changedAnyway(done)]).toBeOneOf(refusals);
  });

  it("cannot be given away", async () => {
    const other = await database.createUser();
    for (const condition of ["", `where id = ${quoteLiteral(id)}`]) {
      const done = as((sql) => sql.unsafe(`update ${name} set user_id = '${other}' ${condition}`));
      expect([await sqlstate(done), await changedAnyway(done)]).toBeOneOf(
        may(own, "UPDATE") ? [["42501", undefined]] : refusals,
      );
    }
  });
});

it.each(tables.filter(({ softDelete }) => softDelete))(
  "a user's own row of $name can be soft-deleted and restored",
  async ({ name }) => {
    const id = intruder.rows.get(name)?.[0] ?? "";
    await database.asUser(intruder.id, async (sql) => {
      for (const deletedAt of [new Date(0).toISOString(), null]) {
        const rows =
          await sql`update ${sql(name)} set deleted_at = ${deletedAt} where id = ${id} returning id`;
        expect([...rows]).toEqual([{ id }]);
      }
    });
  },
);

/** Either the command is not granted, or no policy lets it see a row. */
const refusals = [
  ["42501", undefined],
  [undefined, 0],
];

async function changedAnyway(done: Promise<{ count: number }>): Promise<number | undefined> {
  return done.then(
    ({ count }) => count,
    () => undefined,
  );
}

async function newUser(sql: Transaction): Promise<string | undefined> {
  const [row] = z
    .array(z.object({ id: z.string() }))
    .parse([...(await sql`insert into auth.users (id) values (gen_random_uuid()) returning id`)]);
  return row?.id;
}
