import { existsSync } from "node:fs";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";

const moduleSchema = z.looseObject({ default: z.unknown().optional() });

/**
 * Loads a module of a project, TypeScript too, and returns its default export; all that it exports where it has none.
 * @throws DeployError FILE_MISSING, CONFIG_INVALID with what the module throws
 */
export async function loadModule(file: string): Promise<unknown> {
  if (!existsSync(file)) {
    throw new DeployError("FILE_MISSING", `there is no ${file}`, "Check the path in the configuration.");
  }
  const { createJiti } = await import("jiti");
  // What Node can load itself it does: a module that the project shares with this program is then the same one.
  const jiti = createJiti(import.meta.url, { tryNative: true, fsCache: false });
  let loaded: unknown;
  try {
    loaded = await jiti.import(file);
  } catch (cause) {
    if (cause instanceof DeployError) throw cause;
    const [reason = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    throw new DeployError("CONFIG_INVALID", `${file} cannot be loaded: ${reason}`, "Correct it.", { cause });
  }
  const parsed = moduleSchema.safeParse(loaded);
  return parsed.success && parsed.data.default !== undefined ? parsed.data.default : loaded;
}
