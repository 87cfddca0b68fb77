import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { permissionChanges } from "../../../src/schema/index.ts";
import { createDatabase, only, type Sql, sqlstate, type Transaction } from "../../support/database.ts";

const database = await createDatabase("deployed");

const entrySchema = z.object({
  change_type: z.enum(permissionChanges),
  changed_by: z.string(),
  previous_value: z.string().nullable(),
  new_value: z.string().nullable(),
});
type Entry = z.infer<typeof entrySchema>;

/** The trail of a user in the order in which it was written. */
async function trail(sql: Sql | Transaction, user: string): Promise<Entry[]> {
  const rows = await sql`
    select change_type, changed_by, previous_value, new_value from automation_permissions_audit
    where user_id = ${user} order by changed_at, ctid`;
  return z.array(entrySchema).parse([...rows]);
}

/** The trail without who did it, and with the JSON of a whole row left out. */
async function changes(sql: Sql | Transaction, user: string) {
  return (await trail(sql, user)).map(({ change_type, previous_value, new_value }) =>
    change_type === "created" || change_type === "deleted"
      ? [change_type]
      : [change_type, previous_value, new_value],
  );
}

/** The domains that production blocks by default. */
const blockedByDefault = ["*.bank.*", "*.gov.*", "login.*"];
const defaultBlacklist = blockedByDefault.map((domain) => ["blacklist_added", null, domain]);

const byText = (rows: unknown[][]) =>
  [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/**
 * What `run` adds to the trail of a signed-in user who has permissions: the defaults, but for what is given. They are
 * made in a transaction of their own, so that `now()` is another one and a change of `updated_at` is a change.
 */
async function changesOf(
  run: (sql: Transaction, user: string) => Promise<unknown>,
  given: Record<string, string | boolean> = {},
) {
  const user = await database.createUser();
  await database.sql`insert into automation_permissions ${database.sql({ user_id: user, ...given })}`;
  const before = await changes(database.sql, user);
  return database.asUser(user, async (sql) => {
    await run(sql, user);
    return byText((await changes(sql, user)).slice(before.length));
  });
}

const set = (assignment: string) =>
  changesOf((sql, user) =>
    sql.unsafe(`update automation_permissions set ${assignment} where user_id = '${user}'`),
  );

describe("every change of a permission leaves a row", () => {
  it("creating one with the defaults: created, and what it blocks", async () => {
    const user = await database.createUser();
    await database.asUser(user, async (sql) => {
      await sql`insert into automation_permissions (user_id) values (${user})`;
      expect(byText(await changes(sql, user))).toEqual(byText([["created"], ...defaultBlacklist]));
    });
  });

  it("creating one that is enabled: enabled too", async () => {
    const user = await database.createUser();
    await database.asUser(user, async (sql) => {
      await sql`insert into automation_permissions (user_id, enabled, allowed_domains, blocked_domains)
        values (${user}, true, '{a.com}', '{}')`;
      expect(byText(await changes(sql, user))).toEqual(
        byText([["created"], ["enabled", null, "true"], ["whitelist_added", null, "a.com"]]),
      );
    });
  });

  it.each([
    ["enabled = true", [["enabled", "false", "true"]]],
    ["allowed_domains = '{a.com}'", [["whitelist_added", null, "a.com"]]],
    [
      "allowed_domains = '{a.com,b.com}'",
      [
        ["whitelist_added", null, "a.com"],
        ["whitelist_added", null, "b.com"],
      ],
    ],
    ["blocked_domains = blocked_domains || '{c.com}'", [["blacklist_added", null, "c.com"]]],
    ["blocked_domains = '{*.bank.*,*.gov.*}'", [["blacklist_removed", "login.*", null]]],
    ["blocked_domains = null", blockedByDefault.map((domain) => ["blacklist_removed", domain, null])],
    ["max_actions_per_hour = 5", [["setting_changed", "max_actions_per_hour=100", "max_actions_per_hour=5"]]],
    [
      "max_actions_per_hour = null",
      [["setting_changed", "max_actions_per_hour=100", "max_actions_per_hour=null"]],
    ],
    [
      "require_confirmation = false",
      [["setting_changed", "require_confirmation=true", "require_confirmation=false"]],
    ],
    ["allow_navigation = false", [["setting_changed", "allow_navigation=true", "allow_navigation=false"]]],
    ["allow_clicks = true", [["setting_changed", "allow_clicks=false", "allow_clicks=true"]]],
    ["allow_typing = true", [["setting_changed", "allow_typing=false", "allow_typing=true"]]],
    [
      "enabled = true, allow_typing = true, allowed_domains = '{a.com}', blocked_domains = '{}'",
      [
        ["enabled", "false", "true"],
        ["setting_changed", "allow_typing=false", "allow_typing=true"],
        ["whitelist_added", null, "a.com"],
        ...blockedByDefault.map((domain) => ["blacklist_removed", domain, null]),
      ],
    ],
  ])("%s", async (assignment, expected) => {
    expect(await set(assignment)).toEqual(byText(expected));
  });

  it("disabling one that was enabled", async () => {
    expect(
      await changesOf(
        (sql, user) => sql`update automation_permissions set enabled = false where user_id = ${user}`,
        { enabled: true },
      ),
    ).toEqual([["disabled", "true", "false"]]);
  });

  it("taking a domain off the whitelist", async () => {
    expect(
      await changesOf(
        (sql, user) =>
          sql`update automation_permissions set allowed_domains = '{b.com}' where user_id = ${user}`,
        { allowed_domains: "{a.com,b.com}" },
      ),
    ).toEqual([["whitelist_removed", "a.com", null]]);
  });

  it("deleting one that was enabled: what it allowed and blocked ends, and it is deleted", async () => {
    expect(
      await changesOf((sql, user) => sql`delete from automation_permissions where user_id = ${user}`, {
        enabled: true,
      }),
    ).toEqual(
      byText([
        ["deleted"],
        ["disabled", "true", null],
        ...blockedByDefault.map((domain) => ["blacklist_removed", domain, null]),
      ]),
    );
  });

  it("keeps all settings of a permission that is created or deleted", async () => {
    const user = await database.createUser();
    await database.asUser(user, async (sql) => {
      await sql`insert into automation_permissions (user_id, max_actions_per_hour) values (${user}, 7)`;
      await sql`delete from automation_permissions where user_id = ${user}`;
      const entries = await trail(sql, user);
      const settings = z.object({ user_id: z.literal(user), max_actions_per_hour: z.literal(7) });
      const created = entries.find((entry) => entry.change_type === "created");
      const deleted = entries.find((entry) => entry.change_type === "deleted");
      settings.parse(JSON.parse(created?.new_value ?? ""));
      settings.parse(JSON.parse(deleted?.previous_value ?? ""));
      expect([created?.previous_value, deleted?.new_value]).toEqual([null, null]);
    });
  });

  it("moving one to another user: deleted for the one, created for the other", async () => {
    const [from, to] = [await database.createUser(), await database.createUser()];
    await database.transaction(async (sql) => {
      await sql`insert into automation_permissions (user_id, enabled, blocked_domains) values (${from}, true, '{x.com}')`;
      const before = await changes(sql, from);
      await sql`update automation_permissions set user_id = ${to} where user_id = ${from}`;
      expect(byText((await changes(sql, from)).slice(before.length))).toEqual(
        byText([["deleted"], ["disabled", "true", null], ["blacklist_removed", "x.com", null]]),
      );
      expect(byText(await changes(sql, to))).toEqual(
        byText([["created"], ["enabled", null, "true"], ["blacklist_added", null, "x.com"]]),
      );
    });
  });
});

describe("a change that changes nothing leaves no row", () => {
  it.each([
    "enabled = enabled",
    "enabled = false, allow_clicks = false, max_actions_per_hour = 100",
    "updated_at = now() + interval '1 day'",
    "created_at = now() - interval '1 day'",
    "blocked_domains = '{login.*,*.gov.*,*.bank.*}'",
    "blocked_domains = blocked_domains || blocked_domains",
    "allowed_domains = null",
  ])("%s", async (assignment) => {
    expect(await set(assignment)).toEqual([]);
  });
});

describe("changed_by says who it was", () => {
  const insertAs = async (sql: Sql | Transaction, user: string) => {
    await sql`insert into automation_permissions (user_id) values (${user})`;
    return new Set((await trail(sql, user)).map((entry) => entry.changed_by));
  };

  it("the signed-in user", async () => {
    const user = await database.createUser();
    expect(await database.asUser(user, (sql) => insertAs(sql, user))).toEqual(new Set([user]));
  });

  it("the service role, where the API's own key was used", async () => {
    const user = await database.createUser();
    expect(await database.asService((sql) => insertAs(sql, user))).toEqual(new Set(["service_role"]));
  });

  it("the database user, where there was no request at all", async () => {
    const user = await database.createUser();
    const { name } = only(
      z.object({ name: z.string() }),
      await database.sql`select session_user::text as name`,
    );
    expect(await database.transaction((sql) => insertAs(sql, user))).toEqual(new Set([name]));
  });
});

describe("the trail is append-only", () => {
  const statements: readonly (readonly [string, (user: string) => string])[] = [
    [
      "insert",
      (user) =>
        `insert into automation_permissions_audit (user_id, changed_by, change_type) values ('${user}', 'me', 'enabled')`,
    ],
    ["update", (user) => `update automation_permissions_audit set new_value = 'x' where user_id = '${user}'`],
    ["delete", (user) => `delete from automation_permissions_audit where user_id = '${user}'`],
    ["truncate", () => "truncate automation_permissions_audit"],
  ];
  const roles = ["asUser", "asAnon", "asService"] as const;

  describe.each(roles)("%s", (as) => {
    it.each(statements)("%s is refused", async (_, statement) => {
      const user = await database.createUser();
      await database.sql`insert into automation_permissions (user_id) values (${user})`;
      const run = (sql: Transaction) => sql.unsafe(statement(user));
      const done = as === "asUser" ? database.asUser(user, run) : database[as](run);
      expect(await sqlstate(done)).toBe("42501");
    });

    it("the trigger's function cannot be called", async () => {
      const run = (sql: Transaction) => sql`select record_automation_permission_change()`;
      const done = as === "asUser" ? database.asUser(randomUUID(), run) : database[as](run);
      expect(await sqlstate(done)).toBe("42501");
    });
  });

  it("users read their own rows and nobody else's, and anonymous visitors none", async () => {
    const [one, other] = [await database.createUser(), await database.createUser()];
    await database.sql`insert into automation_permissions (user_id) values (${one}), (${other})`;
    const readers = await database.asUser(
      one,
      (sql) => sql`select distinct user_id from automation_permissions_audit`,
    );
    expect([...readers]).toEqual([{ user_id: one }]);
    expect(await sqlstate(database.asAnon((sql) => sql`select from automation_permissions_audit`))).toBe(
      "42501",
    );
  });
});

describe("what is erased, and what is kept", () => {
  it("deleting a permission keeps its trail", async () => {
    const user = await database.createUser();
    await database.sql`insert into automation_permissions (user_id) values (${user})`;
    await database.sql`delete from automation_permissions where user_id = ${user}`;
    expect((await changes(database.sql, user)).map(([type]) => type)).toEqual(
      expect.arrayContaining(["created", "deleted"]),
    );
  });

  it("erasing a user erases their permission and their trail, and nobody else's", async () => {
    const [gone, stays] = [await database.createUser(), await database.createUser()];
    for (const user of [gone, stays]) {
      await database.sql`insert into automation_permissions (user_id, enabled) values (${user}, true)`;
    }
    const kept = await trail(database.sql, stays);
    await database.sql`delete from auth.users where id = ${gone}`;
    expect(await trail(database.sql, gone)).toEqual([]);
    const permissions =
      await database.sql`select user_id from automation_permissions where user_id in (${gone}, ${stays})`;
    expect([...permissions]).toEqual([{ user_id: stays }]);
    expect(await trail(database.sql, stays)).toEqual(kept);
  });
});

describe("the trail tells the whole story", () => {
  const domains = fc.option(
    fc.array(fc.constantFrom("a.com", "b.com", "*.c.com", 'd"e.com', "null", "f,g.com", ""), {
      maxLength: 5,
    }),
  );
  const settings = fc.record({ enabled: fc.option(fc.boolean()), allowed: domains, blocked: domains });
  const step = fc.oneof(
    fc.record({ do: fc.constant("write" as const), settings }),
    fc.record({ do: fc.constant("delete" as const) }),
  );

  it("replayed, it ends with the flag and the domains that the permission has", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), (steps) =>
        database.transaction(async (sql) => {
          const { id: user } = only(
            z.object({ id: z.string() }),
            await sql`insert into auth.users (id) values (gen_random_uuid()) returning id`,
          );
          let expected = { exists: false, enabled: false, allowed: "[]", blocked: "[]" };
          for (const each of steps) {
            if (each.do === "delete") {
              await sql`delete from automation_permissions where user_id = ${user}`;
              expected = { exists: false, enabled: false, allowed: "[]", blocked: "[]" };
              continue;
            }
            const { enabled, allowed, blocked } = each.settings;
            await sql`
              insert into automation_permissions (user_id, enabled, allowed_domains, blocked_domains)
              values (${user}, ${enabled}, ${allowed}::text[], ${blocked}::text[])
              on conflict (user_id) do update set enabled = excluded.enabled,
                allowed_domains = excluded.allowed_domains, blocked_domains = excluded.blocked_domains`;
            const set = (list: string[] | null) => JSON.stringify([...new Set(list ?? [])].sort());
            expected = {
              exists: true,
              enabled: enabled === true,
              allowed: set(allowed),
              blocked: set(blocked),
            };
          }
          expect(replay(await trail(sql, user))).toEqual(expected);
        }),
      ),
      { numRuns: 100 },
    );
  });
});

/** What the trail says is the case at its end. Entries of one statement count in any order. */
function replay(entries: readonly Entry[]) {
  const state = { exists: false, enabled: false };
  const lists = { whitelist: new Set<string>(), blacklist: new Set<string>() };
  for (const { change_type, previous_value, new_value } of entries) {
    const [, list, what] = /^(whitelist|blacklist)_(added|removed)$/.exec(change_type) ?? [];
    if (list === "whitelist" || list === "blacklist") {
      const domain = what === "added" ? new_value : previous_value;
      if (domain === null) throw new Error(`${change_type} without a domain`);
      const known = lists[list].has(domain);
      if (known === (what === "added")) throw new Error(`${change_type} of ${domain}, which it was`);
      if (what === "added") lists[list].add(domain);
      else lists[list].delete(domain);
    } else if (change_type === "enabled" || change_type === "disabled") {
      state.enabled = change_type === "enabled";
    } else if (change_type === "created" || change_type === "deleted") {
      state.exists = change_type === "created";
    }
  }
  const set = (list: Set<string>) => JSON.stringify([...list].sort());
  return { ...state, allowed: set(lists.whitelist), blocked: set(lists.blacklist) };
}
