import { z } from "zod";
import { type Finding, findingSchema } from "../findings/finding.ts";
import type { Names } from "../model/names.ts";
import type { PreflightOutcome } from "../model/project.ts";
import type { Requirement } from "../model/requirement.ts";
import type { Reader } from "../postgres/index.ts";
import type { QualifiedName } from "../sql/names.ts";

/** What a deployment is going to do, as far as it matters before it begins. */
export interface Intent {
  /** The tables and views that it changes: their owner has to do that. */
  readonly relations: readonly QualifiedName[];
  /** The functions that it changes and that exist already, as `schema.name(argument types)`. */
  readonly functions: readonly string[];
  /** Tables of others that its foreign keys point at. */
  readonly references: readonly QualifiedName[];
  /** The schemas in which it makes something. */
  readonly createsIn: readonly string[];
  /** What it adds on disk. */
  readonly growth: readonly { readonly object: string; readonly bytes: number }[];
}

/** Who stands behind a deployment, and on what ground. */
export interface Approvals {
  readonly approver: string | null;
  readonly ticket: string | null;
  /** Why the approver cannot be the one who approves; null where nothing speaks against it. */
  readonly objection: string | null;
  /** Why no rehearsal of this plan counts; null where one does, or nothing is to be deployed. */
  readonly unrehearsed: string | null;
}

/** What the items of a preflight look at. */
export interface PreflightContext {
  readonly sql: Reader;
  readonly names: Names;
  /** How the deployment will be led; each mode asks for more than the one before. */
  readonly mode: "quick" | "guided" | "enterprise";
  /** Why the database is taken to be reached through a pooler in transaction mode; null where it is not. */
  readonly pooler: string | null;
  /** How journal, catalog and plan disagree, and in a few words where the database stands. */
  readonly state: { readonly evidence: string; readonly findings: readonly Finding[] };
  readonly intent: Intent;
  /** What has to be there, of what the applied migrations and others make. */
  readonly requires: readonly Requirement[];
  /** From how many seconds on an open transaction is a long one. */
  readonly longTransaction: number;
  /** Who holds a lock, for longer than a step would wait, that a step has to wait for. */
  readonly holders: (sql: Reader) => Promise<readonly string[]>;
  /** Transactions per second that count as little traffic; null where nobody said. */
  readonly lowTraffic: number | null;
  /** How long the traffic is measured, in milliseconds. */
  readonly sample: number;
  /** What the database can be restored from, by name; null where nobody said. */
  readonly backup: string | null;
  readonly approvals: Approvals;
}

/** One thing that has to be so before a deployment begins. Reads only. */
export interface PreflightItem {
  readonly id: string;
  readonly title: string;
  readonly run: (context: PreflightContext) => Promise<PreflightOutcome>;
}

/** `block`: a finding is an error. `warn`: a finding is a warning. */
export const verdicts = ["pass", "warn", "block"] as const;

export const itemReportSchema = z.strictObject({
  /** Of the engine, or of the project. */
  id: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  title: z.string(),
  verdict: z.enum(verdicts),
  evidence: z.string(),
  findings: z.array(findingSchema),
});

export type ItemReport = z.infer<typeof itemReportSchema>;
