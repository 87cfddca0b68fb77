import { z } from "zod";
import { DeployError } from "../findings/errors.ts";
import type { Names } from "../model/names.ts";
import type { Project } from "../model/project.ts";
import type { Requirement } from "../model/requirement.ts";
import { loadModule } from "./load-module.ts";

const isFunction = (value: unknown): boolean => typeof value === "function";
const functionOf = <Type>() => z.custom<Type>(isFunction, "is no function").exactOptional();

const names = z.strictObject({
  command: z.string(),
  recordSchema: z.string(),
  archiveSchema: z.string(),
  lockKey: z.int(),
  folder: z.string(),
  rehearse: z.string().nullable(),
  mergeDuplicates: z.string().nullable(),
  success: z.string(),
}) satisfies z.ZodType<Names>;

const requirement = z.custom<Requirement>(
  (value) => typeof value === "object" && value !== null && "kind" in value && "name" in value,
  "is no requirement",
);

/** What a project module may say beyond the folder: parts of a `Project`. What it does not know it refuses. */
const additionsSchema = z.strictObject({
  name: z.string().min(1).exactOptional(),
  names: names.exactOptional(),
  migrationsFolder: z.string().exactOptional(),
  migrationsTable: z.string().optional(),
  migrationsSchema: z.string().optional(),
  sharesJournal: z.boolean().optional(),
  baselineTag: z.string().nullable().exactOptional(),
  schemas: z.tuple([z.string()], z.string()).readonly().exactOptional(),
  expectedCatalog: functionOf<Project["expectedCatalog"]>(),
  requires: z.array(requirement).exactOptional(),
  validate: functionOf<Project["validate"]>(),
  preflight: z
    .array(
      z.object({
        id: z.string(),
        title: z.string(),
        run: z.custom<Project["preflight"][number]["run"]>(isFunction, "is no function"),
      }),
    )
    .exactOptional(),
  foresee: functionOf<NonNullable<Project["foresee"]>>(),
  undo: z.record(z.string(), z.string()).exactOptional(),
  leaveOut: functionOf<Project["leaveOut"]>(),
});

export type Additions = z.infer<typeof additionsSchema>;

/**
 * What the project module of a configuration adds, which is its default export.
 * @throws DeployError FILE_MISSING, CONFIG_INVALID
 */
export async function readAdditions(file: string): Promise<Additions> {
  const parsed = additionsSchema.safeParse(await loadModule(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DeployError(
    "CONFIG_INVALID",
    `${file}: ${issue?.path.join(".") || "its default export"}: ${issue?.message ?? "is wrong"}`,
    "Its default export is an object with parts of a Project, as drizzle-deploy/project describes it.",
    { cause: parsed.error },
  );
}
