import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { z } from "zod";
import { type Assessment, assessDatabase } from "../adopt/assess.ts";
import { driftFindings } from "../adopt/baseline-report.ts";
import { objection } from "../approvals/modes.ts";
import { requireRehearsal } from "../approvals/rehearsal-record.ts";
import { isIncidental } from "../catalog/index.ts";
import type { CheckId } from "../findings/check-ids.ts";
import { DeployError, type ErrorCode } from "../findings/errors.ts";
import type { Finding } from "../findings/finding.ts";
import { plural } from "../findings/text.ts";
import { readMigrations } from "../migrations/index.ts";
import { type Mode, modes } from "../model/deployment-report.ts";
import { journalTableOf } from "../model/journal-table.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import type { Lock, Plan } from "../model/step.ts";
import { isPending } from "../model/step.ts";
import { connect, type DatabaseUrl, type Reader, redactUrl, type Sql } from "../postgres/index.ts";
import { defaultExecutor } from "../records/executor.ts";
import { describeHolder, type Holder, holdersOf } from "../run/locks.ts";
import { refuseKnownPooler, refuseTransactionPooler } from "../run/session.ts";
import { qualifiedNameSchema } from "../sql/names.ts";
import { intentOf, ownSchemas } from "./intent.ts";
import { type Intent, itemReportSchema } from "./item.ts";
import { runItems } from "./run.ts";

/** Which deployment is looked at beforehand. */
export interface PreflightOptions {
  /** Default `guided`. */
  readonly mode?: Mode | undefined;
  /** What the database can be restored from, by name. */
  readonly backupId?: string | undefined;
  /** Transactions per second that count as little traffic. */
  readonly lowTraffic?: number | undefined;
  readonly ticket?: string | undefined;
  readonly approvedBy?: string | undefined;
  /** Who deploys. Default: whoever runs this process. */
  readonly executor?: string | undefined;
  /** Whose hazards the deployment is to accept, as its own option of the name. */
  readonly allow?: readonly string[] | undefined;
  /** Objects that may be wrong afterwards as they are, by the names that findings give them. */
  readonly accept?: readonly string[] | undefined;
  /** Where rehearsals are kept: the work folder. */
  readonly folder?: string | undefined;
  /** How long the traffic is measured, in milliseconds. Default 3000. */
  readonly sample?: number | undefined;
  /** From how many seconds on an open transaction is a long one. Default 60. */
  readonly longTransaction?: number | undefined;
}

const defaultSample = 3_000;
const defaultLongTransaction = 60;

/** How long a step waits for a lock before it gives way, in seconds: who holds one for less is no obstacle. */
const tolerableHold = 1;

/** What has to be so before a deployment, item by item, as `--json` prints it. */
export const preflightReportSchema = z.strictObject({
  /** Whether nothing blocks; warnings may be there. */
  ok: z.boolean(),
  mode: z.enum(modes),
  /** The database's URL without its password. */
  database: z.string(),
  milliseconds: z.number(),
  items: z.array(itemReportSchema),
});

export type PreflightReport = z.infer<typeof preflightReportSchema>;

/** The item of the preflight, and what the other items need to know of it. */
interface StateItem {
  readonly evidence: string;
  readonly findings: readonly Finding[];
  /** Tags of the migrations whose work is there. */
  readonly applied: readonly string[];
  /** Null where nothing can be planned: journal and folder disagree, or the role may not read what it takes. */
  readonly plan: Plan | null;
}

const disagreements: readonly ErrorCode[] = [
  "MIGRATION_CHANGED",
  "MIGRATION_MISSING",
  "MIGRATION_OUT_OF_ORDER",
  "MIGRATION_UNNAMED",
];

function describe({ applied, pending, plan, drift: { untouched } }: Assessment): string {
  const toDo = plan.steps.filter(isPending).length;
  const left = plan.steps.filter(({ action }) => action === "leave out").length;
  const parts = [
    `at ${applied.at(-1)?.tag ?? "the beginning"}`,
    pending.length === 0 ? "nothing pending" : `${pending.length} pending, ${plural(toDo, "step")} to do`,
    ...(left > 0 ? [`${left} left out`] : []),
    ...(untouched.length > 0
      ? [`${plural(untouched.length, "difference")} that nothing pending touches`]
      : []),
  ];
  return parts.join("; ");
}

function unreadable(reason: string): Pick<StateItem, "evidence" | "findings"> {
  return {
    evidence: "could not be read",
    findings: [
      {
        check: "state.unknown" satisfies CheckId,
        severity: "error",
        object: "journal, catalog and records",
        expected: "visible to this role",
        actual: reason,
        remedy: "Connect as the owner of the tables.",
      },
    ],
  };
}

const locked: Pick<StateItem, "evidence" | "findings"> = {
  evidence: "could not be read",
  findings: [
    {
      check: "state.locked" satisfies CheckId,
      severity: "error",
      object: "the catalog",
      expected: "readable",
      actual: "somebody holds a whole table in ACCESS EXCLUSIVE mode",
      remedy: "Wait until it is free; the item on open transactions and locks names who holds it.",
    },
  ],
};

/** Steps that would have to be allowed by name. */
function hazardFindings({ steps }: Plan): Finding[] {
  return steps.flatMap(({ id, title, hazards }) =>
    hazards
      .filter(({ allowed }) => !allowed)
      .map(({ name, message, safeForm }) => ({
        check: "state.hazard" satisfies CheckId,
        severity: "error",
        object: `step ${id}: ${title}`,
        expected: "a form that stops nobody and loses nothing",
        actual: `${name}: ${message}`,
        remedy: name === "unsupported" ? safeForm : `${safeForm} Or accept it by name: --allow ${id}`,
      })),
  );
}

/** SQLSTATEs of what keeps from looking; PostgreSQL 17 manual, appendix A. */
const insufficientPrivilege = "42501";
const lockNotAvailable = "55P03";

async function readStateItem(
  sql: Reader,
  project: Project,
  { accept, allow }: Pick<PreflightOptions, "accept" | "allow">,
): Promise<StateItem> {
  const { schema, name } = journalTableOf(project);
  const journalTable = `${schema}.${name}`;
  let assessment: Assessment;
  try {
    assessment = await sql.savepoint((reader) => assessDatabase(reader, project, { accept, allow }));
  } catch (error) {
    if (error instanceof postgres.PostgresError && error.code === insufficientPrivilege) {
      return { ...unreadable(error.message), applied: [], plan: null };
    }
    if (error instanceof postgres.PostgresError && error.code === lockNotAvailable) {
      return { ...locked, applied: [], plan: null };
    }
    if (error instanceof DeployError && error.code === "PERMISSION_DENIED") {
      return { ...unreadable(error.message), applied: [], plan: null };
    }
    if (!(error instanceof DeployError) || !disagreements.includes(error.code)) throw error;
    const finding: Finding = {
      check: "state.journal" satisfies CheckId,
      severity: "error",
      object: journalTable,
      expected: "the migrations of the folder, in their order and unchanged",
      actual: `${error.code}: ${error.message}`,
      remedy: error.remedy,
    };
    return {
      evidence: "journal and migrations folder disagree",
      findings: [finding],
      applied: [],
      plan: null,
    };
  }
  const { applied, drift, plan, inTheWay } = assessment;
  const missing: Finding = {
    check: "state.baseline" satisfies CheckId,
    severity: "error",
    object: journalTable,
    expected: `a journal of what is applied, up to ${applied.at(-1)?.tag ?? "nothing"}`,
    actual: null,
    remedy: `Adopt the database: ${project.names.command} baseline`,
  };
  return {
    evidence: describe(assessment),
    findings: [
      ...(assessment.is === "found" ? [missing] : []),
      ...inTheWay,
      ...hazardFindings(plan),
      ...driftFindings("untouched", drift.untouched.filter(isIncidental)),
      ...driftFindings(
        "untouched",
        drift.untouched.filter((one) => !isIncidental(one)),
      ).map((finding) => ({ ...finding, severity: "warning" }) as const),
    ],
    applied: applied.map(({ tag }) => tag),
    plan,
  };
}

/** Where nothing can be planned: whatever the migrations have ever made may be changed. */
function widestIntent(project: Project): Intent {
  const last = readMigrations(project.migrationsFolder).at(-1);
  const { tables = [], views = [] } = last ? project.expectedCatalog(last.tag) : {};
  return {
    relations: [...tables, ...views].map(({ schema, name }) => ({ schema, name })),
    functions: [],
    references: [],
    createsIn: [...project.schemas, ...ownSchemas(project.names, journalTableOf(project))],
    growth: [],
  };
}

/** Why the database is taken to be behind a pooler in transaction mode, or null. */
async function findPooler({ names }: Project, url: DatabaseUrl, sql: Sql): Promise<string | null> {
  const other = await connect(url, { applicationName: `${names.command} preflight` });
  try {
    refuseKnownPooler(url);
    await refuseTransactionPooler(url, sql, other);
    return null;
  } catch (error) {
    if (error instanceof DeployError && error.code === "POOLER") return error.message;
    throw error;
  } finally {
    await other.end({ timeout: 1 });
  }
}

/** What was named; an empty text names nothing (`--backup-id "$UNSET"`). */
const named = (text: string | undefined): string | undefined => (text?.trim() === "" ? undefined : text);

const pidSchema = z.tuple([z.object({ pid: z.int() })]);
const relationsSchema = z.array(qualifiedNameSchema);

/** What a plan will lock; where there is none, whatever a reader of the managed schemas would wait for. */
async function locksOf(reader: Reader, project: Project, plan: Plan | null): Promise<Lock[]> {
  if (plan) return plan.steps.filter(({ action }) => action !== "skip").flatMap(({ locks }) => locks);
  const rows = await reader.unsafe(
    `select n.nspname as schema, c.relname as name
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname in (select json_array_elements_text($1::text::json))`,
    [JSON.stringify(project.schemas)],
  );
  return relationsSchema.parse([...rows]).map((relation) => ({
    ...relation,
    mode: "ACCESS SHARE",
    stopsReads: false,
    stopsWrites: false,
    duration: "short",
  }));
}

/** Who has held for longer than a step waits what a step needs. */
async function findHolders(reader: Reader, project: Project, plan: Plan | null): Promise<string[]> {
  const [{ pid }] = pidSchema.parse([...(await reader`select pg_catalog.pg_backend_pid() as pid`)]);
  const locks = await locksOf(reader, project, plan);
  const found = await holdersOf(reader, locks, [pid]);
  // Since when a session of another role holds something only a second look can tell.
  const isHidden = ({ state, seconds }: Holder): boolean => state === null && seconds === null;
  const later = found.some(isHidden)
    ? await sleep(tolerableHold * 1000).then(() => holdersOf(reader, locks, [pid]))
    : [];
  return found
    .filter((holder) =>
      isHidden(holder)
        ? later.some((other) => other.pid === holder.pid)
        : // Without a beginning, the transaction ended while it was looked at.
          (holder.seconds ?? 0) >= tolerableHold,
    )
    .map(describeHolder);
}

/** Why no rehearsal of a plan counts; null where one does, and where there is nothing to rehearse. */
function whyUnrehearsed(plan: Plan, names: Names, folder: string | undefined): string | null {
  if (plan.migrations.length === 0) return null;
  if (folder === undefined) return "there is no folder in which rehearsals are kept";
  try {
    requireRehearsal(plan, names, { folder });
    return null;
  } catch (error) {
    if (error instanceof DeployError && error.code === "REHEARSAL_MISSING") return error.message;
    throw error;
  }
}

/**
 * Looks at everything that has to be so before a deployment begins, in one read-only transaction: server, rights,
 * state, duplicates, dependencies, activity, traffic, space, replication, restore point and approvals.
 *
 * @throws DeployError as `connect`
 */
export async function preflight(
  project: Project,
  url: DatabaseUrl,
  { mode = "guided", sample = defaultSample, ...options }: PreflightOptions = {},
): Promise<PreflightReport> {
  const begun = performance.now();
  const approver = named(options.approvedBy);
  const sql = await connect(url, { applicationName: `${project.names.command} preflight` });
  try {
    const pooler = await findPooler(project, url, sql);
    const items = await sql.begin("isolation level read committed read only", async (transaction) => {
      // Somebody's lock on a whole table is a finding; waiting for its end would say nothing.
      await transaction`select pg_catalog.set_config('lock_timeout', '2s', true)`;
      const assessment = await readStateItem(transaction, project, options);
      const { plan } = assessment;
      return runItems(project.preflight, {
        sql: transaction,
        names: project.names,
        mode,
        pooler,
        state: assessment,
        intent: plan ? intentOf(plan, project) : widestIntent(project),
        requires: project.requires.filter(
          ({ madeBy }) => madeBy === null || assessment.applied.includes(madeBy),
        ),
        longTransaction: options.longTransaction ?? defaultLongTransaction,
        holders: (reader) => findHolders(reader, project, plan),
        lowTraffic: options.lowTraffic ?? null,
        sample,
        backup: named(options.backupId) ?? null,
        approvals: {
          approver: approver ?? null,
          ticket: named(options.ticket) ?? null,
          objection: objection(mode, { executor: named(options.executor) ?? defaultExecutor(), approver }),
          unrehearsed: plan && whyUnrehearsed(plan, project.names, options.folder),
        },
      });
    });
    return preflightReportSchema.parse({
      ok: items.every(({ verdict }) => verdict !== "block"),
      mode,
      database: redactUrl(url),
      milliseconds: performance.now() - begun,
      items,
    });
  } finally {
    await sql.end({ timeout: 1 });
  }
}
