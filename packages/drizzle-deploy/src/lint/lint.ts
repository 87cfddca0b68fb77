import { join } from "node:path";
import type { AlterTableCmd, Node } from "libpg-query";
import { z } from "zod";
import { type Migration, readMigrations } from "../migrations/index.ts";
import { fileOf } from "../migrations/names.ts";
import { defaultNames, type Names } from "../model/names.ts";
import { formatStepId } from "../model/step-id.ts";
import { parseWithPlaces, print, withoutLeadingComments } from "../sql/parser.ts";
import { classify, type Draft } from "../statements/index.ts";
import { type ParsedStatement, parseMigration } from "../statements/parse.ts";
import { resolve } from "../statements/resolve.ts";
import { type Acceptance, acceptancesIn, isRule } from "./acceptance.ts";
import { contextOfFolder, nothingMade } from "./context.ts";
import { copyOf, emptyFolder, type Folder, follow } from "./folder.ts";
import { type Act, type DeployAnswer, type HeldLock, type Judgement, lintHazards, outcomes } from "./rule.ts";
import { rules } from "./rules/index.ts";

const name = z.string().min(1);

/** `error`: somebody has to decide. `warning`: a deployment of this engine makes it safe, or runs it under timeouts. */
export const levels = ["error", "warning"] as const;

export type Level = (typeof levels)[number];

/** What a rule found in a statement of a migration. */
export const lintFindingSchema = z.strictObject({
  rule: name,
  level: z.enum(levels),
  /** Null of an acceptance, which is no hazard. */
  hazard: z.enum(lintHazards).nullable(),
  migration: name,
  /** The path of the file, in the folder that was given. */
  file: name,
  /** From 1. */
  line: z.int().min(1),
  column: z.int().min(1),
  endLine: z.int().min(1),
  /** The statement's place in the migration, from 1; null of an acceptance. */
  statement: z.int().min(1).nullable(),
  object: name,
  message: name,
  /** What to write instead, as SQL. */
  safeForm: z.array(z.string()),
  /** What `deploy` does about it; null of an acceptance. */
  deploy: z
    .strictObject({
      does: z.enum(outcomes),
      text: name,
      /** What it runs, where that is not the statement as written. */
      runs: z.array(name),
    })
    .nullable(),
});

/** What was found in migrations, and what was accepted in them. */
export const lintReportSchema = z.strictObject({
  version: z.literal(1),
  /** Whether nothing was found that is not accepted. */
  ok: z.boolean(),
  /** The tags of the migrations that were judged. */
  migrations: z.array(name),
  findings: z.array(lintFindingSchema),
  accepted: z.array(lintFindingSchema.extend({ reason: name })),
});

/** One thing that a rule found, with what to write instead. */
export type LintFinding = z.infer<typeof lintFindingSchema>;
/** What was found in migrations, and what was accepted in them. */
export type LintReport = z.infer<typeof lintReportSchema>;

/** What is judged, and under which names. */
export interface LintOptions {
  /** The tags of the migrations to judge; the others are only known. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Of the project. Default: `defaultNames`. */
  readonly names?: Names;
}

interface Placed extends ParsedStatement {
  /** In characters from the beginning of the file. */
  readonly begin: number;
  readonly end: number;
}

interface ReadMigration {
  readonly migration: Migration;
  readonly text: string;
  readonly statements: readonly Placed[];
  /** With the number of the statement that each is for; null for one behind the last. */
  readonly acceptances: readonly (Acceptance & { readonly statement: number | null })[];
}

const separator = "--> statement-breakpoint";

/** A migration with the places of its statements, and the acceptances between them. */
function read(migration: Migration): ReadMigration {
  const parsed = parseMigration(migration);
  const statements: Placed[] = [];
  const found: (Acceptance & { statement: number | null })[] = [];
  let offset = 0;
  for (const chunk of migration.statements) {
    const places = withoutLeadingComments(chunk) === "" ? [] : parseWithPlaces(chunk);
    let last = 0;
    const between = (end: number) => {
      for (const one of acceptancesIn(chunk.slice(last, end), offset + last)) {
        const before = statements.length > 0 && last > 0 && one.isBehind;
        found.push({ ...one, statement: before ? statements.length : statements.length + 1 });
      }
    };
    for (const { begin, end } of places) {
      between(begin);
      const own = parsed[statements.length];
      if (own) statements.push({ ...own, begin: offset + begin, end: offset + end });
      last = end;
    }
    between(chunk.length);
    offset += chunk.length + separator.length;
  }
  return {
    migration,
    text: migration.statements.join(separator),
    statements,
    acceptances: found.map((one) => ({
      ...one,
      statement: one.statement !== null && one.statement > statements.length ? null : one.statement,
    })),
  };
}

/** A line and a column, from 1, of a place in a text. */
function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - start + 1 };
}

interface Single {
  readonly node: Node;
  readonly sql: string;
  readonly command: AlterTableCmd | null;
}

/** The commands of an `ALTER TABLE`, each as a statement of its own; any other statement as it is. */
function singles({ node, sql }: Pick<ParsedStatement, "node" | "sql">): Single[] {
  if (!("AlterTableStmt" in node)) return [{ node, sql, command: null }];
  const commands = (node.AlterTableStmt.cmds ?? []).flatMap((one) =>
    "AlterTableCmd" in one ? [one.AlterTableCmd] : [],
  );
  return commands.map((command) => {
    const own: Node = { AlterTableStmt: { ...node.AlterTableStmt, cmds: [{ AlterTableCmd: command }] } };
    if (commands.length === 1) return { node, sql, command };
    try {
      return { node: own, sql: print(own), command };
    } catch {
      // What cannot be printed is told as the whole.
      return { node: own, sql, command };
    }
  });
}

/** What `deploy` does with the steps of a statement. */
function answerOf(drafts: readonly Draft[], ids: readonly string[], sql: string, names: Names): DeployAnswer {
  const refusing = drafts.flatMap((draft) => draft.hazards.filter(({ name: one }) => one === "unsupported"));
  if (refusing.length > 0) return { does: "refuses", text: "refuses it, before anything runs." };
  const asking = drafts.flatMap((draft, at) => (draft.hazards.length > 0 ? [ids[at] ?? ""] : []));
  if (asking.length > 0) {
    const batches = drafts.find((draft) => draft.batches !== undefined)?.batches;
    const then = batches ? " It then runs in batches, each a transaction of its own." : "";
    return {
      does: "asks",
      text: `runs nothing until it is allowed: ${names.command} deploy --allow ${asking.join(",")}.${then}`,
    };
  }
  if (drafts.length > 0 && drafts.every(({ goal }) => goal.does === "session")) {
    return {
      does: "does not run",
      text: "leaves it out: it begins, ends and limits its transactions itself.",
    };
  }
  const [only, ...others] = drafts;
  const isOther = others.length > 0 || (only !== undefined && only.sql !== sql);
  const safety = [...new Set(drafts.map((draft) => draft.safety))].join(" ");
  return isOther
    ? { does: "makes safe", text: `runs the safe form by itself. ${safety}` }
    : { does: "runs as written", text: `runs it as it is written. ${safety}` };
}

/** Rules whose findings ask nobody to decide, where a deployment runs the statement as it is written. */
const mild: readonly string[] = ["do-block"];

function levelOf(rule: string, { does }: DeployAnswer): Level {
  if (does === "makes safe" || does === "does not run") return "warning";
  return does === "runs as written" && mild.includes(rule) ? "warning" : "error";
}

type Found = LintFinding & { readonly statement: number };

/** What is around the judging of one migration. */
interface Course {
  readonly names: Names;
  readonly folder: string;
  readonly made: ReturnType<typeof nothingMade>;
  readonly now: Folder;
  readonly before: Folder;
  readonly after: Folder;
  readonly last: Folder;
  /** The statements of the migrations that are judged after this one. */
  readonly later: readonly Node[];
}

/** Judges the statements of one migration, and takes down what they make. */
function judgeMigration(one: ReadMigration, course: Course): Found[] {
  const { names, made, now } = course;
  const { migration, statements, text } = one;
  const findings: Found[] = [];
  const held: HeldLock[] = [];
  for (const [position, statement] of statements.entries()) {
    const whole = contextOfFolder(course, made, names);
    const all = classify(statement, whole);
    const acts = singles(statement);
    let step = 0;
    for (const single of acts) {
      const context = contextOfFolder(course, made, names);
      const drafts =
        acts.length === 1 ? all : classify({ ...single, isTolerant: statement.isTolerant === true }, context);
      const ids = drafts.map((_, at) =>
        formatStepId({
          migration: migration.tag,
          parts: [all.length > 1 ? `${statement.number}.${step + at + 1}` : String(statement.number)],
        }),
      );
      step += drafts.length;
      const found: Act["found"][number][] = [];
      const answer = answerOf(drafts, ids, single.sql, names);
      const runs = answer.does === "makes safe" ? drafts.map((draft) => draft.sql) : [];
      for (const rule of rules) {
        const act: Act = {
          ...single,
          table: "AlterTableStmt" in single.node ? resolve(single.node.AlterTableStmt.relation) : null,
          drafts,
          context,
          folder: now,
          after: course.after,
          later: [...statements.slice(position + 1).map(({ node }) => node), ...course.later],
          held,
          found,
        };
        for (const judgement of rule.judge(act)) {
          found.push(judgement.hazard);
          findings.push(
            findingOf(rule.id, judgement, {
              deploy: judgement.deploy ? { ...judgement.deploy, runs: [] } : { ...answer, runs },
              statement,
              migration,
              text,
              folder: course.folder,
            }),
          );
        }
      }
      for (const { locks } of drafts) {
        for (const { schema, name: table, mode, stopsWrites } of locks) {
          const lock = { schema, name: table, mode, statement: statement.number };
          if (stopsWrites && !context.isNew(lock)) held.push(lock);
        }
      }
      for (const draft of drafts) made.take(draft, now);
      for (const own of temporaryIn(single.node)) made.take(own, now);
      follow(now, single.node);
    }
  }
  return findings;
}

/** A temporary table is new, whatever it is called. */
function temporaryIn(node: Node): Pick<Draft, "goal">[] {
  const range =
    "CreateStmt" in node
      ? node.CreateStmt.relation
      : "CreateTableAsStmt" in node
        ? node.CreateTableAsStmt.into?.rel
        : undefined;
  if (range?.relpersistence !== "t") return [];
  const { schema, name: table } = resolve(range);
  const target = { kind: "table" as const, schema, name: table, table: null };
  return [{ goal: { does: "create", target, parts: [] } }];
}

function findingOf(
  rule: string,
  { hazard, object, message, safeForm }: Judgement,
  {
    deploy,
    statement,
    migration,
    text,
    folder,
  }: {
    deploy: NonNullable<LintFinding["deploy"]>;
    statement: Placed;
    migration: Migration;
    text: string;
    folder: string;
  },
): Found {
  return {
    rule,
    level: levelOf(rule, deploy),
    hazard,
    migration: migration.tag,
    file: join(folder, fileOf(migration)),
    ...placeIn(text, statement.begin),
    endLine: placeIn(text, statement.end).line,
    statement: statement.number,
    object,
    message,
    safeForm: [...safeForm],
    deploy,
  };
}

/** The rule of acceptances: it finds those that accept nothing, and those that give no reason. */
export const acceptanceRule = "acceptance";

/** Takes what comments accept out of the findings, and finds the comments that accept nothing or give no reason. */
function accept(
  { migration, text, acceptances }: ReadMigration,
  found: readonly Found[],
  folder: string,
): Pick<LintReport, "findings" | "accepted"> {
  const complaints: LintFinding[] = [];
  const accepted: LintReport["accepted"] = [];
  let rest: readonly Found[] = found;
  for (const { rule, reason, statement, offset } of acceptances) {
    const meant = rest.filter((one) => one.rule === rule && one.statement === statement);
    const complaint =
      rule === ""
        ? "It names no rule."
        : !isRule(rule)
          ? `There is no rule ${rule}.`
          : meant.length === 0
            ? `It accepts nothing: ${rule} finds nothing in ${statement === null ? "what follows, since nothing does" : `statement ${statement}`}.`
            : reason === null
              ? "It gives no reason, and accepts nothing without one."
              : null;
    if (complaint === null && reason !== null) {
      accepted.push(...meant.map((one) => ({ ...one, reason })));
      rest = rest.filter((one) => !meant.includes(one));
      continue;
    }
    const place = placeIn(text, offset);
    complaints.push({
      rule: acceptanceRule,
      level: "error",
      hazard: null,
      migration: migration.tag,
      file: join(folder, fileOf(migration)),
      ...place,
      endLine: place.line,
      statement: null,
      object: rule || "an acceptance",
      message: complaint ?? "It accepts nothing.",
      safeForm: [`-- lint: accept ${isRule(rule) ? rule : "<rule>"}: <why it may be so>`],
      deploy: null,
    });
  }
  return { findings: [...rest, ...complaints].sort((one, other) => one.line - other.line), accepted };
}

/**
 * Judges the migrations of a Drizzle folder without a database: what would stop readers or writers, write a table anew, fail on
 * rows, break clients or lose what cannot be brought back, what to write instead, and what a deployment does about it.
 * A table that the judged migrations make has no rows; any other may have any number.
 *
 * @throws DeployError FILE_MISSING, FILE_INVALID as `readMigrations` and `parseMigration`
 * @example
 * const report = lint("drizzle", { only: ["0007_goals"] });
 * if (!report.ok) for (const finding of report.findings) console.log(finding.rule, finding.message);
 */
export function lint(folder: string, { only, names = defaultNames }: LintOptions = {}): LintReport {
  const migrations = readMigrations(folder).map(read);
  const isJudged = ({ migration }: ReadMigration): boolean => only?.includes(migration.tag) ?? true;
  const now = emptyFolder();
  const states: Folder[] = [copyOf(now)];
  for (const { statements } of migrations) {
    for (const { node } of statements) follow(now, node);
    states.push(copyOf(now));
  }
  const last = now;
  const ofBranch = only !== undefined;
  let made = nothingMade();
  const findings: LintFinding[] = [];
  const accepted: LintReport["accepted"] = [];
  for (const [at, one] of migrations.entries()) {
    if (!isJudged(one)) continue;
    const before = states[at] ?? emptyFolder();
    // What a branch adds is deployed together; of a whole folder each migration may have been deployed before the next.
    if (!ofBranch) made = nothingMade();
    const later = ofBranch
      ? migrations
          .slice(at + 1)
          .filter(isJudged)
          .flatMap(({ statements }) => statements.map(({ node }) => node))
      : [];
    const course: Course = {
      names,
      folder,
      made,
      now: copyOf(before),
      before,
      after: states[at + 1] ?? last,
      last,
      later,
    };
    const judged = accept(one, judgeMigration(one, course), folder);
    findings.push(...judged.findings);
    accepted.push(...judged.accepted);
  }
  return {
    version: 1,
    ok: findings.length === 0,
    migrations: migrations.filter(isJudged).map(({ migration }) => migration.tag),
    findings,
    accepted,
  };
}
