import {
  addDatabaseOption,
  addHelp,
  addQuietOption,
  askConsent,
  type Command,
  type CommandContext,
  createFile,
  type DatabaseOptions,
  Option,
  onInterrupt,
  parseFile,
  print,
  printJson,
  type QuietOptions,
  withDatabase,
} from "drizzle-deploy/cli";
import { parseUser } from "./audit.ts";

interface UserOptions extends DatabaseOptions, QuietOptions {
  user: string;
  yes?: true;
  json?: true;
}

interface ExportOptions extends UserOptions {
  out: string;
}

interface EraseOptions extends UserOptions {
  export?: string;
  withoutExport?: true;
  login?: true;
  receipt?: string;
}

/** `spfp-db user`: what a user may ask for under the GDPR and the LGPD. */
export function addUser(program: Command, context: CommandContext): void {
  const user = program
    .command("user")
    .description("export everything of one user, and erase it")
    .helpCommand(false);
  addHelp(user, { examples: ["spfp-db user export --user ID --out user"] });
  addExport(user, context);
  addErase(user, context);
}

const addUserOptions = (command: Command, context: CommandContext): Command =>
  addDatabaseOption(command, context)
    .requiredOption("--user <id>", "the user's id in auth.users", parseUser)
    .option("--yes", "do not ask");

function addExport(user: Command, context: CommandContext): void {
  const command = addUserOptions(
    user.command("export").description("write every row of a user to a folder, as JSON lines"),
    context,
  )
    .requiredOption("--out <folder>", "a folder that is not there yet", parseFile)
    .option("--json", "print the manifest as JSON")
    .action((options: ExportOptions) => runExport(options, context));
  addQuietOption(command, "print nothing but what a question is about");
  addHelp(command, {
    paragraphs: [
      "A file for each table that has rows of theirs, soft-deleted ones and the trail included, and manifest.json with counts and checksums; only you may read them. What Supabase Auth and Storage hold is not in it.",
    ],
    examples: ["spfp-db user export --user ID --out user", "spfp-db user export --user ID --out user --yes"],
  });
}

function addErase(user: Command, context: CommandContext): void {
  const command = addUserOptions(
    user.command("erase").description("delete every row of a user, and print a receipt"),
    context,
  )
    .option(
      "--export <folder>",
      "an export of this user, which has to have every row that is there",
      parseFile,
    )
    .addOption(new Option("--without-export", "erase without one").conflicts("export"))
    .option("--login", "delete the login too, the row of auth.users")
    .option("--receipt <file>", "write the receipt to this file too, as JSON; never overwrites", parseFile)
    .option("--json", "print the receipt as JSON")
    .action((options: EraseOptions) => runErase(options, context));
  addQuietOption(command, "print only what stays and the last line, and what a question is about");
  addHelp(command, {
    paragraphs: [
      "In short transactions: what is erased stays erased when it is interrupted, and the same command goes on. Soft-deleted rows, the trail, tables that a rollback moved away and what the records of fixes have of the user go too. It refuses where rows of other users point to theirs.",
      "Exit status: 0 erased and nothing left, 1 where whoever was asked said no, 2 where it was refused.",
    ],
    examples: [
      "spfp-db user erase --user ID --export user",
      "spfp-db user erase --user ID --export user --login",
    ],
  });
}

/** Rows of a table after which it is told how far an erasure is; a smaller table is soon done. */
const toldEvery = 50_000;

const declined = (): void => {
  print("Nothing was done.", process.stderr);
  process.exitCode = 1;
};

async function runExport(
  { user, out, yes, json, quiet, ...database }: ExportOptions,
  context: CommandContext,
): Promise<void> {
  const { exportUser } = await import("../erasure/index.ts");
  const { formatManifest, formatUserRows } = await import("../report/index.ts");
  const stop = new AbortController();
  const manifest = await withDatabase(database, context, async ({ url }) => {
    const work = exportUser(url, {
      userId: user,
      folder: out,
      stopSignal: stop.signal,
      confirm: async (counts) => {
        if (!yes) print(formatUserRows(user, counts), process.stderr);
        return askConsent({
          what: "an export",
          text: `Write them to ${out}? They are personal data.`,
          yes: yes ?? false,
        });
      },
    });
    const forget = onInterrupt(async () => {
      stop.abort();
      await work.catch(() => undefined);
    });
    return work.finally(forget);
  });
  if (manifest === null) return declined();
  if (json) printJson(manifest);
  else if (!quiet) print(formatManifest(manifest, out));
}

async function runErase(
  {
    user,
    export: exported,
    withoutExport,
    login,
    yes,
    receipt: path,
    json,
    quiet,
    ...database
  }: EraseOptions,
  context: CommandContext,
): Promise<void> {
  const { eraseUser } = await import("../erasure/index.ts");
  const { SpfpError } = await import("../errors.ts");
  const { formatErasurePreview, formatErasureProgress, formatReceipt } = await import("../report/index.ts");
  if (exported === undefined && !withoutExport) {
    throw new SpfpError(
      "USAGE",
      "an erasure needs an export of the user first, and none is named",
      "Export with spfp-db user export, and name the folder with --export; or give --without-export.",
    );
  }
  const file = path === undefined ? null : createFile(path);
  const keep = file === null ? () => {} : onInterrupt(async () => file.discard());
  try {
    const receipt = await withDatabase(database, context, ({ url }) =>
      eraseUser(url, {
        userId: user,
        exported: exported ?? null,
        login: login ?? false,
        onProgress: ({ table, erased, of }) => {
          const isTold = of > toldEvery && (erased === of || erased % toldEvery === 0);
          if (!json && !quiet && isTold) print(formatErasureProgress(table, erased, of), process.stderr);
        },
        confirm: async (preview) => {
          if (!yes) print(formatErasurePreview(preview), process.stderr);
          return askConsent({
            what: "an erasure",
            text: "This cannot be undone. Type the id of the user to erase it:",
            typed: user,
            yes: yes ?? false,
          });
        },
      }),
    );
    if (receipt === null) return declined();
    file?.write(`${JSON.stringify(receipt, null, 2)}\n`);
    if (json) printJson(receipt);
    else print(formatReceipt(receipt, { quiet }));
  } finally {
    keep();
    file?.discard();
  }
}
