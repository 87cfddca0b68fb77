import { closeSync, createWriteStream, openSync, rmSync, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { InvalidArgumentError } from "commander";
import { DeployError } from "../findings/errors.ts";

/** The value of an option that names a file: an empty one is a mistake (`--out "$UNSET"`). */
export function parseFile(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Give the name of a file.");
  return text;
}

/** A file that was made and is still empty, so that it is known before long work whether it can be written. */
export interface NewFile {
  /** Writes it; nothing of it stays where that fails. Throws `FILE_UNWRITABLE`. */
  write(text: string): void;
  /** Writes what comes, as it comes: nothing is asked for before the disk has the rest. Throws as `write`, and what `chunks` throws. */
  writeAll(chunks: AsyncIterable<string>): Promise<void>;
  /** Takes it away again, unless it was written. */
  discard(): void;
}

/**
 * Makes a file that is not there yet.
 * @throws DeployError FILE_EXISTS, FILE_UNWRITABLE
 */
export function createFile(file: string): NewFile {
  const unwritable = (cause: unknown): DeployError =>
    new DeployError(
      "FILE_UNWRITABLE",
      `${file} cannot be written: ${cause instanceof Error ? cause.message : cause}`,
      "Give a file in a folder that exists, that you may write to, and that has room.",
      { cause },
    );
  try {
    closeSync(openSync(file, "wx"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") {
      throw new DeployError(
        "FILE_EXISTS",
        `${file} is there already, and is not overwritten`,
        "Remove it, or give the name of another file.",
        { cause },
      );
    }
    throw unwritable(cause);
  }
  let isWritten = false;
  const discard = () => {
    if (!isWritten) rmSync(file, { force: true });
  };
  return {
    write(text) {
      try {
        writeFileSync(file, text);
        isWritten = true;
      } catch (cause) {
        discard();
        throw unwritable(cause);
      }
    },
    async writeAll(chunks) {
      let failure: { readonly error: unknown } | undefined;
      async function* source(): AsyncGenerator<string, void, undefined> {
        try {
          yield* chunks;
        } catch (error) {
          failure = { error };
          throw error;
        }
      }
      try {
        await pipeline(source, createWriteStream(file));
        isWritten = true;
      } catch (cause) {
        discard();
        throw failure === undefined ? unwritable(cause) : failure.error;
      }
    },
    discard,
  };
}
