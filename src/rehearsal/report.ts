import { rehearsalRecordSchema } from "drizzle-deploy";
import { z } from "zod";
import { checkReportSchema } from "../checks/index.ts";
import { screenResultSchema, tenantSchema } from "../promises/index.ts";

/** A column and its value as text, null as null; in the view's order. */
const figuresSchema = z.array(z.tuple([z.string(), z.string().nullable()]));

/** What a rehearsal saw, as data: what the command line prints and `--json` writes. */
export const rehearsalReportSchema = z.strictObject({
  /** Whether every phase went well, every check holds and every screen can use its index. */
  ok: z.boolean(),
  /** What is wrong, a line each. */
  problems: z.array(z.string()),
  scale: z.number(),
  seed: z.number(),
  /** The day that "today" is in all figures. */
  businessDate: z.string(),
  phases: z.array(z.strictObject({ title: z.string(), summary: z.string(), milliseconds: z.number() })),
  /** That the deployment's plan ran to its end: what enterprise mode asks for. */
  record: rehearsalRecordSchema,
  tables: z.array(z.strictObject({ table: z.string(), rows: z.int() })),
  duplicates: z.strictObject({
    categories: z.array(
      z.strictObject({
        names: z.array(z.string()),
        transactions: z.int(),
        budgets: z.int(),
      }),
    ),
    templates: z.array(z.strictObject({ type: z.string(), names: z.array(z.string()) })),
    /** Rows that the merge changed, by table. */
    changes: z.array(z.strictObject({ table: z.string(), rows: z.int() })),
  }),
  checks: checkReportSchema,
  screens: z.array(
    z.strictObject({
      title: z.string(),
      index: z.string(),
      /** Whether each listing read the index. */
      usesItsIndex: z.boolean(),
      /** Whether it did or would have, had the planner not found a cheaper way, as it does for small tables. */
      canUseItsIndex: z.boolean(),
    }),
  ),
  /** What was promised of the screens, measured in the rehearsal's own databases and judged at its scale. */
  promises: z.strictObject({
    scale: z.number(),
    /** The scale that the promises were made for: with less data there is less to gain, on some screens nothing. */
    promisedAtScale: z.number(),
    tenant: tenantSchema,
    screens: z.array(screenResultSchema),
  }),
  /** For the largest tenant, read as that user: the first rows of each view. */
  views: z.array(z.strictObject({ view: z.string(), rows: z.array(figuresSchema) })),
});

export type RehearsalReport = z.infer<typeof rehearsalReportSchema>;
