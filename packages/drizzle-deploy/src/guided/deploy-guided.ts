import {
  type Answers,
  type Ask,
  askFor,
  type Question,
  questionsOf,
  requireAnswers,
  requireTwoPersons,
} from "../approvals/modes.ts";
import { recordRehearsal, requireRehearsal, saveRehearsal } from "../approvals/rehearsal-record.ts";
import { type Confirmation, type DeployOptions, deploy } from "../deploy/deploy.ts";
import {
  addDetails,
  type DeploymentLog,
  type LogDetails,
  readLog,
  type SignOff,
  withoutSecrets,
} from "../deploy/log.ts";
import type { DeploymentReport, Mode } from "../model/deployment-report.ts";
import type { Project } from "../model/project.ts";
import type { Plan } from "../model/step.ts";
import { isPending } from "../model/step.ts";
import { connect, type DatabaseUrl, type Sql } from "../postgres/index.ts";
import { type PreflightOptions, type PreflightReport, preflight } from "../preflight/preflight.ts";
import type { Observer } from "../run/events.ts";
import { liftLimits } from "../run/session.ts";
import { type IndexName, type Sample, type WatchReport, watch } from "../run/watch.ts";

/** What happens while a deployment is led, for whoever shows it. */
export type GuidedEvent =
  | { readonly type: "preflight"; readonly report: PreflightReport }
  | { readonly type: "plan"; readonly plan: Plan }
  | { readonly type: "deployed"; readonly report: DeploymentReport }
  | { readonly type: "watching"; readonly sample: Sample; readonly left: number }
  | { readonly type: "watched"; readonly report: WatchReport };

/** How a deployment that asks runs, and what is answered beforehand. */
export interface GuidedOptions {
  readonly mode: Mode;
  /** What is known already. */
  readonly answers: Answers;
  /** Asks a person for the rest; left out where there is none to ask. */
  readonly ask?: Ask | undefined;
  /** The record of a rehearsal that was handed over. */
  readonly rehearsal?: string | undefined;
  /** Where rehearsals are kept: the work folder. */
  readonly folder: string;
  /** For the deployment itself. */
  readonly deployment: Pick<
    DeployOptions,
    | "allow"
    | "accept"
    | "plan"
    | "lockTimeout"
    | "giveUpAfter"
    | "blockTimeout"
    | "replicationLag"
    | "parallel"
    | "stopSignal"
  >;
  /** For the look before it. */
  readonly preflight?: Pick<PreflightOptions, "lowTraffic" | "sample" | "longTransaction">;
  readonly tell: (event: GuidedEvent) => void;
  readonly observer?: Observer | undefined;
}

/** What became of a deployment that was led. */
export interface GuidedResult {
  readonly preflight: PreflightReport;
  /** Null where the preflight blocked, or whoever was asked would rather not. */
  readonly deployment: DeploymentReport | null;
  /** What is recorded of it; null where nothing is. */
  readonly log: DeploymentLog | null;
  /** Done, everything holds, and signed off as the mode asks. */
  readonly ok: boolean;
}

const asked = new Set<string>(["restore-point", "approvals"]);

/** What somebody said, for the record. */
const said = (text: string | undefined): string | null => (text === undefined ? null : withoutSecrets(text));

/** A preflight without what the mode asks a person for: that is settled once it has been asked. */
function withoutQuestions(report: PreflightReport): PreflightReport {
  const items = report.items.filter(({ id }) => !asked.has(id));
  return { ...report, items, ok: items.every(({ verdict }) => verdict !== "block") };
}

/** Whether a plan changes anything. */
export function hasWork({ steps, migrations }: Plan): boolean {
  return migrations.length > 0 || steps.some(isPending);
}

const builtIndexes = ({ plan, steps }: DeploymentReport): IndexName[] => {
  const done = new Set(steps.filter(({ status }) => status === "done").map(({ id }) => id));
  return plan.steps.flatMap(({ id, kind, target }) =>
    kind === "create index" && target && done.has(id) ? [{ schema: target.schema, name: target.name }] : [],
  );
};

/**
 * Leads through a deployment as its mode asks: preflight, plan, what has to be confirmed, the run with its validation,
 * sign-off, and in enterprise mode a watch and a second sign-off. A plan that ran to its end counts as a rehearsal of
 * the same plan elsewhere.
 *
 * @throws DeployError ANSWER_MISSING before anything else where nobody can be asked; APPROVAL_REFUSED,
 * REHEARSAL_MISSING; and as `deploy`
 */
export async function deployGuided(
  project: Project,
  url: DatabaseUrl,
  { mode, ask, tell, observer = () => {}, ...options }: GuidedOptions,
): Promise<GuidedResult> {
  let answers = options.answers;
  if (ask === undefined) requireAnswers(mode, answers);
  else requireTwoPersons(mode, answers);
  const look = withoutQuestions(
    await preflight(project, url, {
      ...options.preflight,
      allow: options.deployment.allow,
      accept: options.deployment.accept,
      mode,
    }),
  );
  tell({ type: "preflight", report: look });
  if (!look.ok) return { preflight: look, deployment: null, log: null, ok: false };

  const askAll = async (stage: Question["stage"]): Promise<Answers | undefined> =>
    ask === undefined ? answers : askFor(mode, answers, stage, ask);

  const confirm = async (plan: Plan): Promise<Confirmation | null> => {
    tell({ type: "plan", plan });
    if (!hasWork(plan)) return {};
    const rehearsed =
      mode === "enterprise"
        ? requireRehearsal(
            plan,
            project.names,
            options.rehearsal === undefined ? { folder: options.folder } : { file: options.rehearsal },
          )
        : null;
    const given = await askAll("before");
    if (given === undefined) return null;
    answers = given;
    const details: Partial<LogDetails> = {
      window: said(answers.window),
      notice: said(answers.notice),
      rehearsal: rehearsed && { at: rehearsed.at, digest: rehearsed.digest },
    };
    return { backupId: answers.backup, approvedBy: answers.approver, ticket: answers.ticket, details };
  };
  const deployment = await deploy(
    project,
    url,
    {
      ...options.deployment,
      mode,
      executor: answers.executor,
      backupId: answers.backup,
      approvedBy: answers.approver,
      ticket: answers.ticket,
      confirm,
    },
    observer,
  );
  tell({ type: "deployed", report: deployment });
  const worked = hasWork(deployment.plan);
  if (deployment.ok && worked) saveRehearsal(options.folder, recordRehearsal(deployment));

  const sql = await connect(url, { applicationName: `${project.names.command} watch` });
  try {
    // Signing off may take its time.
    if (deployment.ok) await liftLimits(sql);
    const signedOff = deployment.ok && worked ? await finish(sql, deployment) : deployment.ok;
    const log = await readLog(sql, project.names, deployment.id);
    return { preflight: look, deployment, log: log ?? null, ok: signedOff };
  } finally {
    await sql.end({ timeout: 1 });
  }

  /** What a mode asks for once everything holds; whether all of it was given. */
  async function finish(connection: Sql, report: DeploymentReport): Promise<boolean> {
    const signOffs: SignOff[] = [];
    const sign = async (by: string, after: SignOff["after"]): Promise<void> => {
      signOffs.push({ by, at: new Date().toISOString(), after });
      await addDetails(connection, project.names, report.id, { signOffs });
    };
    const afterValidation = await askAll("after validation");
    if (afterValidation === undefined) return false;
    answers = afterValidation;
    if (answers.signedOffBy !== undefined) await sign(answers.signedOffBy, "validation");
    if (answers.watch === undefined) return true;
    const watched = await watch(connection, {
      seconds: answers.watch,
      indexes: builtIndexes(report),
      stopSignal: options.deployment.stopSignal,
      onSample: (sample, left) => tell({ type: "watching", sample, left }),
    });
    await addDetails(connection, project.names, report.id, { watch: watched });
    tell({ type: "watched", report: watched });
    // A name that was given in advance does not stand for what nobody had seen yet.
    if (ask === undefined && !watched.ok) return false;
    if (!questionsOf(mode).some(({ name }) => name === "secondSignOffBy")) return watched.ok;
    const afterWatch = await askAll("after watch");
    if (afterWatch?.secondSignOffBy === undefined) return false;
    await sign(afterWatch.secondSignOffBy, "watch");
    return true;
  }
}
