import type { Sql, Transaction } from "drizzle-deploy/postgres";
import { z } from "zod";
import type { Screen, ScreenContext, ScreenQuery } from "./screens.ts";

// PostgreSQL 17 manual, 14.1 "Using EXPLAIN"; the rest of each node is not looked at.
const nodeSchema = z.object({
  "Node Type": z.string(),
  "Parent Relationship": z.string().optional(),
  "Relation Name": z.string().optional(),
  "Index Name": z.string().optional(),
  // Absent where the plan was not executed.
  "Actual Rows": z.number().default(0),
  "Rows Removed by Filter": z.number().default(0),
  "Rows Removed by Index Recheck": z.number().default(0),
  "Actual Loops": z.number().optional(),
  get Plans(): z.ZodOptional<z.ZodArray<typeof nodeSchema>> {
    return z.array(nodeSchema).optional();
  },
});
type PlanNode = z.infer<typeof nodeSchema>;

const planned = <Explained extends z.ZodType>(explained: Explained) =>
  z.tuple([z.object({ "QUERY PLAN": z.tuple([explained]) })]);
const costedSchema = planned(z.object({ Plan: nodeSchema }));
const measuredSchema = planned(
  z.object({
    Plan: nodeSchema.extend({
      "Shared Hit Blocks": z.number().int(),
      "Shared Read Blocks": z.number().int(),
      "WAL Bytes": z.number().default(0),
    }),
    "Planning Time": z.number(),
    "Execution Time": z.number(),
  }),
);

/**
 * - `used`: the plan read the screen's index.
 * - `passed over`: it could have, and the planner found another way cheaper, as it does while a table is only some
 *   pages long or belongs to the one tenant for the most part.
 * - `unusable`: it couldn't; the index is missing, invalid, or doesn't fit the query.
 * - `not asked`: a figure, which reads all the rows of a user, however that is done best.
 */
export type IndexUse = "used" | "passed over" | "unusable" | "not asked";

/** One execution of a statement, by the server's own clock. */
export interface Run {
  /** Execution, without planning and without the way to the client. */
  milliseconds: number;
  planningMilliseconds: number;
  rows: number;
  /** Rows that were looked at in tables and indexes for them. */
  rowsRead: number;
  walBytes: number;
  /** Pages of 8 kB that were read, from shared memory or from outside it. */
  pages: number;
  /** Indexes that were read; one in a branch that was never executed doesn't count. */
  indexesUsed: string[];
  /** The nodes of the plan on one line, outermost first: `Limit > Index Scan using i on t`. */
  plan: string;
}

/** How the server answers one query of a screen; how long that takes is measured elsewhere, more than once. */
export interface ExplainedQuery extends Pick<Run, "rows" | "plan"> {
  query: ScreenQuery;
  indexUse: IndexUse;
}

/** A screen, query by query. */
export interface ExplainedScreen {
  screen: Screen;
  queries: ExplainedQuery[];
  /** Whether each listing of the screen read the screen's own index. */
  usesItsIndex: boolean;
  /** Whether each listing either did or would have, had the planner not found a cheaper way (see `IndexUse`). */
  canUseItsIndex: boolean;
}

/** Rows that a scan looked at, thrown away or not. */
const rowsOf = (node: PlanNode): number =>
  (node["Actual Rows"] + node["Rows Removed by Filter"] + node["Rows Removed by Index Recheck"]) *
  (node["Actual Loops"] ?? 1);

function executed(node: PlanNode): PlanNode[] {
  return node["Actual Loops"] === 0 ? [] : [node, ...(node.Plans ?? []).flatMap(executed)];
}

function describe(node: PlanNode): string {
  const index = node["Index Name"] === undefined ? "" : ` using ${node["Index Name"]}`;
  const relation = node["Relation Name"] === undefined ? "" : ` on ${node["Relation Name"]}`;
  return `${node["Node Type"]}${index}${relation}`;
}

/**
 * Makes the rest of a transaction a signed-in user's, the way Supabase's API does: role `authenticated` with their
 * claims, so that row-level security applies. The connected role has to be a member of `authenticated`.
 */
export async function signIn(transaction: Transaction, userId: string): Promise<void> {
  const claims = JSON.stringify({ sub: userId, role: "authenticated" });
  await transaction`select set_config('request.jwt.claims', ${claims}, true),
    set_config('request.jwt.claim.sub', ${userId}, true), set_config('role', 'authenticated', true)`;
}

async function explain(transaction: Transaction, options: string, query: Statement): Promise<unknown[]> {
  const statement = `explain (${options}, format json) ${query.text}`;
  return [...(await transaction.unsafe(statement, query.parameters))];
}

/** A statement with its parameters. */
export type Statement = Pick<ScreenQuery, "text" | "parameters">;

/** Runs a statement once under EXPLAIN, without timing its nodes, which would take longer than some of them. */
export async function measure(transaction: Transaction, statement: Statement): Promise<Run> {
  const [{ "QUERY PLAN": explained }] = measuredSchema.parse(
    await explain(transaction, "analyze, buffers, wal, timing off", statement),
  );
  const [{ Plan: root, "Execution Time": milliseconds, "Planning Time": planningMilliseconds }] = explained;
  const nodes = executed(root);
  return {
    milliseconds,
    planningMilliseconds,
    rows: root["Actual Rows"] * (root["Actual Loops"] ?? 1),
    rowsRead: nodes
      .filter((node) => node["Relation Name"] !== undefined)
      .reduce((sum, node) => sum + rowsOf(node), 0),
    pages: root["Shared Hit Blocks"] + root["Shared Read Blocks"],
    walBytes: root["WAL Bytes"],
    indexesUsed: [...new Set(nodes.flatMap((node) => node["Index Name"] ?? []))],
    // An InitPlan is the policy's `(select auth.uid())`, the same in every plan.
    plan: nodes
      .filter((node) => node["Parent Relationship"] !== "InitPlan")
      .map(describe)
      .join(" > "),
  };
}

async function judge(
  transaction: Transaction,
  index: string,
  query: ScreenQuery,
  { indexesUsed }: Run,
): Promise<IndexUse> {
  if (query.kind === "figure") return "not asked";
  if (indexesUsed.includes(index)) return "used";
  const [{ "QUERY PLAN": explained }] = costedSchema.parse(
    await explain(transaction, "costs", query.inOrder ?? query),
  );
  const usable = executed(explained[0].Plan).some((node) => node["Index Name"] === index);
  return usable ? "passed over" : "unusable";
}

/**
 * Runs each query of a screen once, as that user: role `authenticated` with their claims, so through row-level
 * security, in a read-only transaction. The connected role has to be a member of `authenticated`.
 */
export async function explainScreen(
  sql: Sql,
  screen: Screen,
  context: ScreenContext,
): Promise<ExplainedScreen> {
  const queries = await sql.begin("read only", async (transaction) => {
    await signIn(transaction, context.userId);
    const runs: { query: ScreenQuery; run: Run }[] = [];
    for (const query of screen.queries(context)) {
      runs.push({ query, run: await measure(transaction, query) });
    }
    // From here on every way that doesn't follow an index in its order is dear: what can be used will be.
    await transaction`select set_config('enable_seqscan', 'off', true),
      set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)`;
    const explained: ExplainedQuery[] = [];
    for (const { query, run } of runs) {
      const indexUse = await judge(transaction, screen.index, query, run);
      explained.push({ query, indexUse, rows: run.rows, plan: run.plan });
    }
    return explained;
  });
  const listings = queries.filter(({ query }) => query.kind === "listing");
  return {
    screen,
    queries,
    usesItsIndex: listings.every(({ indexUse }) => indexUse === "used"),
    canUseItsIndex: listings.every(({ indexUse }) => indexUse !== "unusable"),
  };
}
