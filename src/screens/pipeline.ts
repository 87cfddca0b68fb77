import { and, asc, avg, count, desc, eq, gt, lt, type SQL, sum } from "drizzle-orm";
import { unionAll } from "drizzle-orm/pg-core";
import {
  type Cursor,
  decodeCursor,
  encodeCursor,
  integerKey,
  type Page,
  pageOf,
  uuidKey,
} from "../client/cursor.ts";
import { type LeadStage, leadStages, salesLeads } from "../schema/index.ts";
import { type OfUser, type PageOf, requireLimit, requireOneOf, requireUser } from "./parameters.ts";
import { liveRowsOf, type Reader, type Scope } from "./reading.ts";

/** What a stage of the sales pipeline adds up to. */
export interface StageFigures {
  readonly stage: LeadStage;
  readonly leads: number;
  /** Of all its leads, exact to the cent: "0.00" where there is none. */
  readonly value: string;
  /** Mean of all its leads, in percent and as PostgreSQL rounds it; null where there is none. */
  readonly probability: string | null;
}

/** A lead of the sales pipeline. */
export interface PipelineLead {
  readonly id: string;
  readonly name: string;
  readonly company: string | null;
  readonly stage: LeadStage;
  /** Exact to the cent: "1250.00". */
  readonly value: string;
  /** In percent, 0 to 100. */
  readonly probability: number;
  readonly nextAction: string | null;
  /** `YYYY-MM-DD`. */
  readonly nextActionDate: string | null;
}

/** The last lead of a page. */
interface LeadKey {
  readonly probability: number;
  readonly id: string;
}

/** The stages of a lead that is neither won nor lost, in the order in which it goes through them. */
export const openStages = [
  "prospecting",
  "qualification",
  "proposal",
  "negotiation",
] as const satisfies readonly LeadStage[];
export type OpenStage = (typeof openStages)[number];

const { id, name, company, stage, value, probability, nextAction, nextActionDate, userId, deletedAt } =
  salesLeads;

const rowsPerPage = 50;

const order = () => [desc(probability), asc(id)];

/** Leads, value and mean probability of each stage that has leads. */
export const figuresQuery = (db: Reader, { own, live }: Scope) =>
  db
    .select({
      stage,
      leads: count().as("leads"),
      value: sum(value).as("value"),
      probability: avg(probability).as("probability"),
    })
    .from(salesLeads)
    .where(and(own(userId), live(deletedAt)))
    .groupBy(stage);

/** One page of a stage, read as a column of the Kanban board is. */
export function stageQuery(
  db: Reader,
  { own, live }: Scope,
  { of, after, limit }: { of: LeadStage; after?: LeadKey | undefined; limit: number },
) {
  const leads = (beyond?: SQL) =>
    db
      .select({ id, name, company, stage, value, probability, nextAction, nextActionDate })
      .from(salesLeads)
      .where(and(own(userId), eq(stage, of), live(deletedAt), beyond))
      .orderBy(...order())
      .limit(limit);
  if (after === undefined) return leads();
  return unionAll(
    leads(and(eq(probability, after.probability), gt(id, after.id))),
    leads(lt(probability, after.probability)),
  )
    .orderBy(...order())
    .limit(limit);
}

const listOf = (of: LeadStage): string => `pipeline ${of}`;

const afterLead =
  (of: LeadStage) =>
  (lead: PipelineLead): Cursor =>
    encodeCursor(listOf(of), [lead.probability, lead.id]);

function keyOf(of: LeadStage, cursor: string): LeadKey {
  const [at, last] = decodeCursor<[number, string]>(listOf(of), cursor, [integerKey, uuidKey]);
  return { probability: at, id: last };
}

/**
 * The figures of every stage of the sales pipeline, in the pipeline's order; a stage without leads has zeros.
 *
 * @throws {ParameterInvalid}
 */
export async function pipelineFigures(tx: Reader, request: OfUser): Promise<readonly StageFigures[]> {
  const figures = await figuresQuery(tx, liveRowsOf(requireUser(request)));
  return leadStages.map((one) => {
    const found = figures.find((row) => row.stage === one);
    return {
      stage: one,
      leads: found?.leads ?? 0,
      value: found?.value ?? "0.00",
      probability: found?.probability ?? null,
    };
  });
}

/**
 * One page of a stage of the sales pipeline, an open or a closed one: its live leads, the most probable first.
 *
 * @param request `limit` is 50 if left out
 * @throws {ParameterInvalid}
 * @throws {CursorInvalid} where `after` is of another stage
 */
export async function pipelineStage(
  tx: Reader,
  request: OfUser & PageOf & { readonly stage: LeadStage },
): Promise<Page<PipelineLead>> {
  const scope = liveRowsOf(requireUser(request));
  const of = requireOneOf("stage", request.stage, leadStages);
  const limit = requireLimit(request, rowsPerPage);
  const after = request.after ? keyOf(of, request.after) : undefined;
  const rows = await stageQuery(tx, scope, { of, after, limit: limit + 1 });
  return pageOf(rows, limit, afterLead(of));
}

/**
 * The first page of every open stage of the sales pipeline, by stage, in one statement as `kanbanBoard`;
 * `pipelineStage` has the pages that follow.
 *
 * @param request `limit` is of each stage, 50 if left out
 * @throws {ParameterInvalid}
 */
export async function pipelineBoard(
  tx: Reader,
  request: OfUser & Pick<PageOf, "limit">,
): Promise<Readonly<Record<OpenStage, Page<PipelineLead>>>> {
  const scope = liveRowsOf(requireUser(request));
  const limit = requireLimit(request, rowsPerPage);
  const column = (of: OpenStage) => stageQuery(tx, scope, { of, limit: limit + 1 });
  const rows = await unionAll(
    column("prospecting"),
    column("qualification"),
    column("proposal"),
    column("negotiation"),
  ).orderBy(...order());
  const page = (of: OpenStage) =>
    pageOf(
      rows.filter((lead) => lead.stage === of),
      limit,
      afterLead(of),
    );
  return {
    prospecting: page("prospecting"),
    qualification: page("qualification"),
    proposal: page("proposal"),
    negotiation: page("negotiation"),
  };
}
