import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { connect } from "../../../packages/drizzle-deploy/src/postgres/index.ts";
import { quoteLiteral } from "../../../packages/drizzle-deploy/src/sql/quote.ts";
import {
  explainScreen,
  type Screen,
  type ScreenQuery,
  screenIds,
  screens,
} from "../../../src/bench/index.ts";
import { postsShown } from "../../../src/screens/calendar.ts";
import { createDatabase } from "../../support/database.ts";
import { fillAndDeploy } from "../../support/filled.ts";

const today = "2026-02-14";
const database = await createDatabase("production");

let largest = "";
let median = "";

beforeAll(async () => {
  ({ largest, median } = await fillAndDeploy(database, { scale: 0.02, today }));
});

const taskSchema = z.object({
  id: z.string(),
  status: z.string(),
  position: z.number(),
  due: z.string().nullable(),
});
const leadSchema = z.object({
  id: z.string(),
  stage: z.string(),
  probability: z.number(),
  cents: z.coerce.bigint(),
});
const postSchema = z.object({ id: z.string(), status: z.string(), scheduled: z.string().nullable() });
const transactionSchema = z.object({ id: z.string(), date: z.string() });

const daySchema = z.array(
  z.object({ id: z.string(), day: z.coerce.date(), posts: z.coerce.number() }).transform((row) => ({
    ...row,
    day: row.day.toISOString().slice(0, 10),
  })),
);
const idsSchema = z.array(z.object({ id: z.string() })).transform((rows) => rows.map(({ id }) => id));

/** The live rows of a user, read as the owner and without any condition but these two. */
async function rowsOf<Row>(schema: z.ZodType<Row>, table: string, columns: string, userId: string) {
  const rows = await database.sql.unsafe(
    `select id, ${columns} from ${table} where user_id = $1 and deleted_at is null`,
    [userId],
  );
  return z.array(schema).parse([...rows]);
}

const ask = (userId: string, query: Pick<ScreenQuery, "text" | "parameters">) =>
  database.asUser(userId, async (sql) => [...(await sql.unsafe(query.text, query.parameters))]);

function screen(id: Screen["id"]): Screen {
  const found = screens.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no screen ${id}`);
  return found;
}

async function answers(id: Screen["id"], userId: string): Promise<[name: string, rows: unknown[]][]> {
  const result: [string, unknown[]][] = [];
  for (const query of screen(id).queries({ userId, today })) {
    result.push([query.name, await ask(userId, query)]);
  }
  return result;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

describe.each(["largest", "median"] as const)("the screens of the %s tenant", (size) => {
  const userId = () => (size === "largest" ? largest : median);

  it("Kanban: of each status the 50 tasks of highest position", async () => {
    const tasks = await rowsOf(
      taskSchema,
      "operational_tasks",
      "status, position, due_date::text as due",
      userId(),
    );
    for (const [name, rows] of await answers("kanban", userId())) {
      const expected = tasks
        .filter((task) => `column ${task.status}` === name)
        .sort((a, b) => b.position - a.position || byText(a.id, b.id));
      expect(idsSchema.parse(rows), name).toEqual(expected.slice(0, 50).map(({ id }) => id));
    }
  });

  it("pipeline: the sums of each stage, and of each open one the 50 leads of highest probability", async () => {
    const leads = await rowsOf(
      leadSchema,
      "sales_leads",
      "stage, probability, (value * 100)::bigint as cents",
      userId(),
    );
    const [sums, ...lists] = await answers("pipeline", userId());
    const figures = z
      .array(
        z.object({
          stage: z.string(),
          leads: z.coerce.number(),
          value: z.coerce.number(),
          probability: z.coerce.number(),
        }),
      )
      .parse(sums?.[1]);
    expect(figures.map(({ stage }) => stage).sort()).toEqual(
      [...new Set(leads.map(({ stage }) => stage))].sort(),
    );
    for (const { stage, leads: count, value, probability } of figures) {
      const own = leads.filter((lead) => lead.stage === stage);
      expect(count, stage).toBe(own.length);
      expect(Math.round(value * 100), stage).toBe(
        Number(own.reduce((total, { cents }) => total + cents, 0n)),
      );
      expect(probability, stage).toBeCloseTo(
        own.reduce((total, lead) => total + lead.probability, 0) / own.length,
        6,
      );
    }
    expect(lists.map(([name]) => name)).toEqual(
      ["prospecting", "qualification", "proposal", "negotiation"].map((stage) => `stage ${stage}`),
    );
    for (const [name, rows] of lists) {
      const expected = leads
        .filter((lead) => `stage ${lead.stage}` === name)
        .sort((a, b) => b.probability - a.probability || byText(a.id, b.id));
      expect(idsSchema.parse(rows), name).toEqual(expected.slice(0, 50).map(({ id }) => id));
    }
  });

  it("history: of the last 90 days the newest 100, and 100 that follow one", async () => {
    const expected = (await rowsOf(transactionSchema, "transactions", "date::text", userId()))
      .filter(({ date }) => date > addDays(today, -90) && date <= today)
      .sort((a, b) => byText(b.date, a.date) || byText(b.id, a.id));
    const [first, byKey] = await answers("history", userId());
    const after = expected.filter(({ date, id }) => date < today || id < "8");
    expect(idsSchema.parse(first?.[1])).toEqual(expected.slice(0, 100).map(({ id }) => id));
    expect(idsSchema.parse(byKey?.[1])).toEqual(after.slice(0, 100).map(({ id }) => id));
  });

  it("calendar: of 61 days, latest first, how many posts there are but for the rejected, and the first three", async () => {
    const posts = await rowsOf(
      postSchema,
      "marketing_posts",
      "status, scheduled_date::text as scheduled",
      userId(),
    );
    const from = addDays(today, -30);
    const to = addDays(today, 30);
    const expected = posts
      .flatMap((post) => (post.scheduled === null ? [] : { ...post, scheduled: post.scheduled }))
      .filter(({ status, scheduled }) => status !== "rejected" && scheduled >= from && scheduled <= to)
      .sort((a, b) => byText(b.scheduled, a.scheduled) || byText(a.id, b.id));
    expect(new Set(expected.map(({ scheduled }) => scheduled)).size).toBeLessThanOrEqual(61);
    const [[, rows] = ["", []]] = await answers("calendar", userId());
    const days = [...new Set(expected.map(({ scheduled }) => scheduled))].map(
      (day) => [day, expected.filter(({ scheduled }) => scheduled === day)] as const,
    );
    expect(daySchema.parse(rows)).toEqual(
      days.flatMap(([day, ofDay]) =>
        ofDay.slice(0, postsShown).map(({ id }) => ({ id, day, posts: ofDay.length })),
      ),
    );
  });

  it("overdue: the 50 that are overdue for longest, and how many there are in all", async () => {
    const tasks = await rowsOf(
      taskSchema,
      "operational_tasks",
      "status, position, due_date::text as due",
      userId(),
    );
    const expected = tasks
      .flatMap((task) => (task.due === null ? [] : { ...task, due: task.due }))
      .filter(({ status, due }) => status !== "done" && due < today)
      .sort((a, b) => byText(a.due, b.due) || byText(a.id, b.id));
    const [list, count] = await answers("overdue", userId());
    expect(idsSchema.parse(list?.[1])).toEqual(expected.slice(0, 50).map(({ id }) => id));
    expect(count?.[1]).toEqual([{ overdue: String(expected.length) }]);
  });
});

describe("every screen", () => {
  it("is one of five", () => {
    expect(screens.map(({ id }) => id)).toEqual(screenIds);
  });

  it("shows nothing of a user to another who asks with that user's id", async () => {
    for (const { queries, id } of screens) {
      for (const query of queries({ userId: largest, today })) {
        const rows = await ask(median, query);
        const nothing = query.name === "how many" ? [{ overdue: "0" }] : [];
        expect(rows, `${id}: ${query.name}`).toEqual(nothing);
      }
    }
  });

  it.each(screens)("$title uses its index, for the largest tenant and for the median one", async (one) => {
    for (const userId of [largest, median]) {
      const explained = await explainScreen(database.sql, one, { userId, today });
      expect(explained.queries.map(({ plan }) => plan).join("\n")).toContain(one.index);
      expect(explained).toMatchObject({ usesItsIndex: true, canUseItsIndex: true });
      expect(explained.queries.some(({ rows }) => rows > 0)).toBe(true);
    }
  });

  it("leaves the session as it was", async () => {
    const settings = `select current_user, current_setting('request.jwt.claims', true) as claims,
      current_setting('enable_sort') as sort, current_setting('transaction_read_only') as read_only`;
    const sql = await connect(database.url);
    await sql.unsafe("set request.jwt.claims = ''");
    const before = [...(await sql.unsafe(settings))];
    for (const one of screens) await explainScreen(sql, one, { userId: median, today });
    expect([...(await sql.unsafe(settings))]).toEqual(before);
    await sql.end();
  });

  it.each(screens)("$title keeps its index under a generic plan", async (one) => {
    await database.transaction(async (sql) => {
      await sql.unsafe("set local plan_cache_mode = force_generic_plan");
      await sql.unsafe("set local enable_seqscan = off");
      const queries = one.queries({ userId: largest, today }).filter(({ kind }) => kind === "listing");
      for (const [number, { text, parameters }] of queries.entries()) {
        await sql.unsafe(`prepare screen_${one.id}_${number} as ${text}`);
        const values = parameters.map((value) => quoteLiteral(String(value))).join(", ");
        const plan = await sql.unsafe(`explain execute screen_${one.id}_${number} (${values})`);
        await sql.unsafe(`deallocate screen_${one.id}_${number}`);
        expect(JSON.stringify([...plan])).toContain(one.index);
      }
    });
  });
});

describe("a screen of a database without rows", async () => {
  const empty = await createDatabase("deployed");
  const explain = (one: Screen) =>
    explainScreen(empty.sql, one, { userId: "0de0be57-1fde-41dc-acf1-1740dd036cb6", today });

  it.each(screens)("$title can use its index, whatever is cheaper", async (one) => {
    expect((await explain(one)).canUseItsIndex).toBe(true);
  });

  it("cannot use an index that isn't there, or that leaves out rows which the screen shows", async () => {
    const definitions = [
      ["calendar", ""],
      ["overdue", "on operational_tasks (user_id, due_date) where status = 'todo' and deleted_at is null"],
    ] as const;
    for (const [id, definition] of definitions) {
      const one = screen(id);
      await empty.sql.unsafe(`drop index ${one.index}`);
      if (definition !== "") await empty.sql.unsafe(`create index ${one.index} ${definition}`);
      const explained = await explain(one);
      expect(explained, id).toMatchObject({ usesItsIndex: false, canUseItsIndex: false });
      for (const { query, indexUse } of explained.queries) {
        expect(indexUse, `${id}: ${query.name}`).toBe(query.kind === "figure" ? "not asked" : "unusable");
      }
    }
  });
});
