import { runCommandLine } from "./command-line.ts";
import { commands, context, help } from "./configured.ts";

await runCommandLine(context, commands, help);
