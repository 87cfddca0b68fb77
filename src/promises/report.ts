import { z } from "zod";
import { screenIds } from "../bench/index.ts";
import { verdicts } from "./verdict.ts";

/** What can be measured by itself: see `--only`. */
export const partIds = [
  "screens",
  "clients",
  "views",
  "policies",
  "writes",
  "storage",
  "check",
  "merge",
  "deployment",
  "growth",
] as const;
export type PartId = (typeof partIds)[number];

const spreadSchema = z.strictObject({
  median: z.number(),
  low: z.number(),
  high: z.number(),
  runs: z.int(),
});

const measurementSchema = z.strictObject({
  /** Execution on the server, in milliseconds. */
  milliseconds: spreadSchema,
  planningMilliseconds: z.number(),
  /** Pages of 8 kB. */
  pages: z.number(),
  rows: z.number(),
  rowsRead: z.number(),
  walBytes: z.number(),
  plan: z.string(),
});
export type Measurement = z.infer<typeof measurementSchema>;

const tenantSizes = ["largest", "99th percentile", "median"] as const;
export type TenantSize = (typeof tenantSizes)[number];

/** Whose screens were measured, and how many rows they have. */
export const tenantSchema = z.strictObject({
  size: z.enum(tenantSizes),
  userId: z.string(),
  rank: z.int(),
  of: z.int(),
  rows: z.int(),
});

/** A query of a screen, before the deployment, after it and at its floor. */
export const screenResultSchema = z.strictObject({
  screen: z.enum(screenIds),
  title: z.string(),
  query: z.string(),
  tenant: z.enum(tenantSizes),
  promised: z.number(),
  before: measurementSchema,
  after: measurementSchema,
  floor: measurementSchema,
  /** Before against after: over 1 is faster. */
  ratio: z.number(),
  /** After against the floor. */
  toFloor: z.number(),
  /** Of the largest tenant, for whom the promise was made; null for the others. */
  verdict: z.enum(verdicts).nullable(),
});
export type ScreenResult = z.infer<typeof screenResultSchema>;

const waitsSchema = z.strictObject({
  requests: z.int(),
  failed: z.int(),
  median: z.number(),
  p99: z.number(),
  longest: z.number(),
});

export const deploymentKinds = ["online", "drizzle-kit", "one transaction"] as const;
export type DeploymentKind = (typeof deploymentKinds)[number];

const deploymentResultSchema = z.strictObject({
  kind: z.enum(deploymentKinds),
  /** What ran the statements: where one transaction is by psql, with its version. */
  by: z.string(),
  /** Seconds, with clients at work and without. */
  withClients: z.number(),
  alone: z.number(),
  /** Of clients that wait for the answer before they ask again. */
  closed: waitsSchema,
  /** Of requests that come at their time, whether or not those before them were answered. */
  open: waitsSchema,
  walBytes: z.number(),
  grownBytes: z.number(),
  /** Seconds from the start of the deployment, and the longest wait of requests that began then. */
  waits: z.array(z.tuple([z.number(), z.number()])),
});
export type DeploymentResult = z.infer<typeof deploymentResultSchema>;

/** What a benchmark measured, as data: what the command line shows and `--json` writes. */
export const benchReportSchema = z.strictObject({
  version: z.string(),
  startedAt: z.iso.datetime(),
  seconds: z.number(),
  machine: z.strictObject({
    cpu: z.string(),
    cores: z.int(),
    memoryBytes: z.number(),
    platform: z.string(),
    node: z.string(),
  }),
  server: z.strictObject({ version: z.string(), settings: z.record(z.string(), z.string()) }),
  data: z.strictObject({
    scale: z.number(),
    seed: z.int(),
    today: z.string(),
    rows: z.int(),
    /** The databases that are kept for the next run: of this scale, and of the smaller ones where they were measured. */
    kept: z.array(z.string()),
  }),
  tenants: z.array(tenantSchema),
  screens: z.array(screenResultSchema),
  clients: z.array(
    z.strictObject({
      screen: z.enum(screenIds),
      title: z.string(),
      clients: z.int(),
      before: waitsSchema,
      after: waitsSchema,
    }),
  ),
  views: z.array(
    z.strictObject({ view: z.string(), tenant: z.enum(tenantSizes), measurement: measurementSchema }),
  ),
  policies: z.array(
    z.strictObject({
      screen: z.enum(screenIds),
      title: z.string(),
      query: z.string(),
      /** Milliseconds, medians, for the largest tenant. */
      onceNamed: z.number(),
      onceAlone: z.number(),
      perRowNamed: z.number(),
      perRowAlone: z.number(),
    }),
  ),
  writes: z.array(
    z.strictObject({
      table: z.string(),
      statement: z.enum(["insert", "update", "soft delete"]),
      /** Rows a second, one row a statement, on one connection; null where the table had no such thing. */
      before: spreadSchema.nullable(),
      after: spreadSchema,
    }),
  ),
  storage: z.array(
    z.strictObject({
      index: z.string(),
      table: z.string(),
      bytes: z.number(),
      /** What the index of that name took before; 0 where there was none. */
      bytesBefore: z.number(),
    }),
  ),
  check: z.array(z.strictObject({ area: z.string(), milliseconds: spreadSchema })),
  /** Merging the duplicates, in pieces, beside a writer of the largest tenant; null where it was not measured. */
  merge: z.strictObject({ seconds: z.number(), rows: z.int(), writer: waitsSchema }).nullable(),
  deployments: z.array(deploymentResultSchema),
  growth: z.array(
    z.strictObject({
      scale: z.number(),
      screen: z.enum(screenIds),
      title: z.string(),
      query: z.string(),
      before: z.number(),
      after: z.number(),
    }),
  ),
});

export type BenchReport = z.infer<typeof benchReportSchema>;
