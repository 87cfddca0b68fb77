import { is } from "drizzle-orm";
import { getViewConfig, PgColumn } from "drizzle-orm/pg-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { quoteIdentifier } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import { viewDefinitions } from "../../../src/views/definitions.ts";
import { dayOf, shortest, startOfDay } from "../../support/calendar.ts";
import { makeClockSettable, setClock } from "../../support/clock.ts";
import { become, createDatabase, only, sqlstate, type Transaction } from "../../support/database.ts";
import { clock, insert, place, specification, userCount } from "../../support/views-data.ts";
import { expectedViews, isMean, type Reading, type ViewRow } from "../../support/views-expected.ts";

const database = await createDatabase("deployed");
await makeClockSettable(database.sql);

const defaultZone = "America/Sao_Paulo";
const sessionZones = ["UTC", "Asia/Tokyo", "America/Sao_Paulo"];
/** What `spfp.time_zone` may be: not set, empty, or a zone. The first two leave the default. */
const businessSettings = [undefined, "", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"];

const views = viewDefinitions.map(({ view }) => {
  const { name, selectedFields } = getViewConfig(view);
  const columns = Object.values(selectedFields).filter((field) => is(field, PgColumn));
  return { name, columns };
});

/** What the view says: columns in order as text, as `expectedViews` prints them, in the view's own order of rows. */
async function read(sql: Transaction, { name, columns }: (typeof views)[number]): Promise<ViewRow[]> {
  const selected = columns.map((column) => {
    const quoted = quoteIdentifier(column.name);
    if (!column.getSQLType().startsWith("timestamp")) return `${quoted}::text`;
    return column.name === "month"
      ? `to_char(${quoted}, 'YYYY-MM-DD HH24:MI:SS')`
      : `(extract(epoch from ${quoted}) * 1000000)::bigint::text`;
  });
  const rows = z
    .array(z.array(z.string()))
    .parse([...(await sql.unsafe(`select ${selected.join(", ")} from ${quoteIdentifier(name)}`).values())]);
  return rows.map((row) =>
    row.map((value, index) => (columns[index]?.getSQLType() === "numeric" ? shortest(value) : value)),
  );
}

/** The rows with each mean replaced by the fraction that it is the rounding of. */
function withMeans(
  rows: readonly ViewRow[],
  expected: readonly ViewRow[],
  columns: readonly PgColumn[],
): ViewRow[] {
  const index = columns.findIndex((column) => column.name === "avg_probability");
  if (index < 0) return [...rows];
  return rows.map((row, number) =>
    row.map((value, column) => {
      const fraction = expected[number]?.[column];
      return column === index && fraction !== undefined && isMean(value, fraction) ? fraction : value;
    }),
  );
}

/** By the columns that tell rows apart: the user, and the second, which is the stage, status, platform or month. */
const keyOf = (row: ViewRow) => `${row[0]} ${row[1]}`;
const sorted = (rows: readonly ViewRow[]) =>
  [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));

/** The server's own clock. */
async function serverNow(sql: Transaction): Promise<bigint> {
  const rows = await sql`select (extract(epoch from now()) * 1000000)::bigint::text as now`;
  return BigInt(only(z.object({ now: z.string() }), rows).now);
}

async function setZones(sql: Transaction, session: string, business: string | undefined): Promise<string> {
  await sql`select set_config('TimeZone', ${session}, true)`;
  if (business !== undefined) await sql`select set_config('spfp.time_zone', ${business}, true)`;
  return business || defaultZone;
}

describe("the views say what their description says", () => {
  it("of any rows, at any time, in any time zone, to the owner of all and to each user of their own", async () => {
    await fc.assert(
      fc.asyncProperty(
        specification,
        clock,
        fc.constantFrom(...sessionZones),
        fc.constantFrom(...businessSettings),
        fc.integer({ min: 0, max: userCount - 1 }),
        (spec, { day, since }, session, business, reader) =>
          database.transaction(async (sql) => {
            const businessZone = await setZones(sql, session, business);
            const reading: Reading = { now: startOfDay(day, businessZone) + since, businessZone };
            await setClock(sql, reading.now);
            const users = z
              .array(z.object({ id: z.string() }))
              .parse([
                ...(await sql`insert into auth.users (id)
                  select gen_random_uuid() from generate_series(1, ${userCount}) returning id`),
              ])
              .map(({ id }) => id);
            const data = place(spec, users, reading);
            await insert(sql, data);

            const user = users[reader] ?? "";
            for (const whose of ["everybody's", "the reader's"]) {
              if (whose === "the reader's") await become(sql, "authenticated", user);
              for (const view of views) {
                const all = expectedViews[view.name]?.(data, reading) ?? [];
                const expected = sorted(
                  whose === "everybody's" ? all : all.filter(([owner]) => owner === user),
                );
                const actual = await read(sql, view);
                expect(withMeans(sorted(actual), expected, view.columns), `${whose} ${view.name}`).toEqual(
                  expected,
                );
                if (view.name === "partnership_monthly_revenue") {
                  const months = actual.map((row) => row[1] ?? "");
                  expect(months, "newest month first").toEqual([...months].sort().reverse());
                }
              }
            }
          }),
      ),
      { numRuns: 60 },
    );
  });

  it("each has a description here", () => {
    expect(Object.keys(expectedViews).sort()).toEqual(views.map(({ name }) => name).sort());
  });

  it("has no row for a user who has none", async () => {
    const user = await database.createUser();
    await database.asUser(user, async (sql) => {
      for (const view of views) expect([view.name, await read(sql, view)]).toEqual([view.name, []]);
    });
  });

  it.each(views)("of $name: counts are bigint, and money is numeric", async ({ name, columns }) => {
    const types = await database.sql`
      select attname, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = ${`public.${name}`}::regclass and attnum > 0`;
    for (const column of columns.filter(({ name: each }) =>
      /_(count|clients|posts|tasks|leads)$/.test(each),
    )) {
      expect([...types]).toContainEqual({ attname: column.name, type: "bigint" });
    }
    for (const column of columns.filter(({ name: each }) =>
      /(income|expense|value|share|^net_)/.test(each),
    )) {
      if (/count$/.test(column.name)) continue;
      expect([...types]).toContainEqual({ attname: column.name, type: "numeric" });
    }
  });
});

describe("business_date()", () => {
  const zones = [
    "Pacific/Pago_Pago",
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/New_York",
    "America/Manaus",
    "America/Sao_Paulo",
    "America/Noronha",
    "UTC",
    "Europe/Lisbon",
    "Europe/Berlin",
    "Africa/Nairobi",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Tongatapu",
    "Pacific/Kiritimati",
  ];
  const today = async (sql: Transaction) =>
    only(z.object({ today: z.string() }), await sql`select business_date()::text as today`).today;

  it.each(zones)("is today in %s where spfp.time_zone says so, whatever the session's zone", async (zone) => {
    for (const session of sessionZones) {
      await database.transaction(async (sql) => {
        await setZones(sql, session, zone);
        expect(await today(sql)).toBe(dayOf(await serverNow(sql), zone));
      });
    }
  });

  it.each([
    ["not set", undefined],
    ["empty", ""],
  ])("is today in São Paulo where spfp.time_zone is %s", async (_, setting) => {
    for (const session of sessionZones) {
      await database.transaction(async (sql) => {
        await setZones(sql, session, setting);
        expect(await today(sql)).toBe(dayOf(await serverNow(sql), "America/Sao_Paulo"));
      });
    }
  });

  it.each([
    ["2026-02-14T02:59:59.999999Z", "2026-02-13"],
    ["2026-02-14T03:00:00.000000Z", "2026-02-14"],
    ["2026-12-31T23:59:59.999999Z", "2026-12-31"],
    ["2027-01-01T02:59:59.999999Z", "2026-12-31"],
    // Summer time began at midnight: there was no 00:00 on that day.
    ["2018-11-04T02:59:59.999999Z", "2018-11-03"],
    ["2018-11-04T03:00:00.000000Z", "2018-11-04"],
    // Summer time ended at midnight: the hour before it came twice.
    ["2018-02-18T02:59:59.999999Z", "2018-02-17"],
    ["2018-02-18T03:00:00.000000Z", "2018-02-18"],
  ])("turns at midnight in São Paulo: %s is %s", async (now, day) => {
    for (const session of sessionZones) {
      await database.transaction(async (sql) => {
        await setZones(sql, session, undefined);
        await sql`select set_config('test.now', ${now}, true)`;
        expect(await today(sql)).toBe(day);
      });
    }
  });

  it("is not the same day everywhere: the two ends of the world are 25 hours apart", async () => {
    await database.transaction(async (sql) => {
      await setZones(sql, "UTC", "Pacific/Pago_Pago");
      const west = await today(sql);
      await setZones(sql, "UTC", "Pacific/Kiritimati");
      expect(west < (await today(sql))).toBe(true);
    });
  });

  it("refuses a zone that does not exist rather than taking another", async () => {
    const failure = database.transaction(async (sql) => {
      await setZones(sql, "UTC", "Brasil/Sao_Paulo");
      await today(sql);
    });
    expect(await sqlstate(failure)).toBe("22023");
  });
});
