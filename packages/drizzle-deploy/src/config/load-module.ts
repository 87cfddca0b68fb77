import { existsSync } from "node:fs";
import { z } from "zod";
import { DeployError } from "../findings/errors.ts";

const moduleSchema = z.looseObject({ default: z.unknown().optional() });

/** Where a module fails, as `file:line`: what does not parse is named by the parser, the rest by the stack. */
function placeOf(cause: Error): string | undefined {
  const places = [
    // A parser's message ends with the place; the stack of Node's own begins with it.
    ...cause.message.matchAll(/^ *(?:file:\/\/)?(\/.+|[A-Za-z]:.+?):(\d+):\d+$/gm),
    ...(cause.stack ?? "").matchAll(/^(?:file:\/\/)?(\/.+|[A-Za-z]:.+?):(\d+)$/gm),
    ...(cause.stack ?? "").matchAll(/^ +at (?:.*\()?(?:file:\/\/)?(\/.+|[A-Za-z]:.+?):(\d+):\d+\)?$/gm),
  ];
  const own = places.find(([, path = ""]) => !/[\\/]node_modules[\\/]|^node:/.test(path));
  return own && `${own[1]}:${own[2]}`;
}

/** What a module throws when it is loaded, in a line with its place. */
function describeFailure(file: string, cause: unknown): string {
  if (!(cause instanceof Error)) return `${file} cannot be loaded: it throws ${typeof cause}`;
  const [reason = ""] = cause.message.split("\n");
  const place = placeOf(cause);
  const where = place === undefined ? file : place.startsWith(`${file}:`) ? place : `${file}, at ${place},`;
  return `${where} cannot be loaded: ${reason.replace(/^ParseError: /, "").trim()}`;
}

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
    throw new DeployError(
      "CONFIG_INVALID",
      describeFailure(file, cause),
      "Correct that line, or what it imports.",
      { cause },
    );
  }
  const parsed = moduleSchema.safeParse(loaded);
  return parsed.success && parsed.data.default !== undefined ? parsed.data.default : loaded;
}
