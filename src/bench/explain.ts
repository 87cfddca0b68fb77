import { z } from "zod";
import type { Sql } from "../postgres/index.ts";
import type { ScreenContext } from "./screen-queries.ts";
import type { Screen, ScreenQuery } from "./screens.ts";

// PostgreSQL 17 manual, 14.1 "Using EXPLAIN"; the rest of each node is not looked at.
const nodeSchema = z.object({
  "Node Type": z.string(),
  "Parent Relationship": z.string().optional(),
  "Relation Name": z.string().optional(),
  "Index Name": z.string().optional(),
  "Actual Rows": z.number(),
  "Actual Loops": z.number(),
  get Plans(): z.ZodOptional<z.ZodArray<typeof nodeSchema>> {
    return z.array(nodeSchema).optional();
  },
});
type PlanNode = z.infer<typeof nodeSchema>;

const explainedSchema = z.tuple([
  z.object({
    "QUERY PLAN": z.tuple([
      z.object({
        Plan: nodeSchema.extend({
          "Shared Hit Blocks": z.number().int(),
          "Shared Read Blocks": z.number().int(),
        }),
        "Planning Time": z.number(),
        "Execution Time": z.number(),
      }),
    ]),
  }),
]);

/** How the server ran one query of a screen. */
export interface ExplainedQuery {
  query: ScreenQuery;
  /** Execution, without planning and without the way to the client. */
  milliseconds: number;
  planningMilliseconds: number;
  rows: number;
  /** Pages of 8 kB that were read, from shared memory or from outside it. */
  pages: number;
  /** Indexes that were read; one in a branch that was never executed doesn't count. */
  indexesUsed: string[];
  /** The nodes of the plan on one line, outermost first: `Limit > Index Scan using i on t`. */
  plan: string;
}

/** A screen, query by query. */
export interface ExplainedScreen {
  screen: Screen;
  queries: ExplainedQuery[];
  /**
   * Whether each listing of the screen read the screen's own index. Its figures don't count: they add up all of a
   * user's rows, and for a tenant who owns a good part of a table reading the table itself is the better plan.
   */
  usesItsIndex: boolean;
}

function executed(node: PlanNode): PlanNode[] {
  return node["Actual Loops"] === 0 ? [] : [node, ...(node.Plans ?? []).flatMap(executed)];
}

function describe(node: PlanNode): string {
  const index = node["Index Name"] === undefined ? "" : ` using ${node["Index Name"]}`;
  const relation = node["Relation Name"] === undefined ? "" : ` on ${node["Relation Name"]}`;
  return `${node["Node Type"]}${index}${relation}`;
}

function interpret(query: ScreenQuery, rows: unknown): ExplainedQuery {
  const [{ "QUERY PLAN": explained }] = explainedSchema.parse(rows);
  const [{ Plan: root, "Execution Time": milliseconds, "Planning Time": planningMilliseconds }] = explained;
  const nodes = executed(root);
  return {
    query,
    milliseconds,
    planningMilliseconds,
    rows: root["Actual Rows"] * root["Actual Loops"],
    pages: root["Shared Hit Blocks"] + root["Shared Read Blocks"],
    indexesUsed: [...new Set(nodes.flatMap((node) => node["Index Name"] ?? []))],
    // An InitPlan is the policy's `(select auth.uid())`, the same in every plan.
    plan: nodes
      .filter((node) => node["Parent Relationship"] !== "InitPlan")
      .map(describe)
      .join(" > "),
  };
}

/**
 * Runs each query of a screen once, as that user: role `authenticated` with their claims, so through row-level
 * security, in a read-only transaction.
 */
export async function explainScreen(
  sql: Sql,
  screen: Screen,
  context: ScreenContext,
): Promise<ExplainedScreen> {
  const queries = await sql.begin("read only", async (transaction) => {
    const claims = JSON.stringify({ sub: context.userId, role: "authenticated" });
    await transaction`select set_config('request.jwt.claims', ${claims}, true),
      set_config('request.jwt.claim.sub', ${context.userId}, true)`;
    await transaction.unsafe("set local role authenticated");
    const explained: ExplainedQuery[] = [];
    for (const query of screen.queries(context)) {
      const rows = await transaction.unsafe(
        `explain (analyze, buffers, format json) ${query.text}`,
        query.parameters,
      );
      explained.push(interpret(query, [...rows]));
    }
    return explained;
  });
  return {
    screen,
    queries,
    usesItsIndex: queries.every(
      ({ query, indexesUsed }) => query.kind === "figure" || indexesUsed.includes(screen.index),
    ),
  };
}
