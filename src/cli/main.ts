import { runCommandLine } from "drizzle-deploy/cli";
import { commands, context, help } from "./commands.ts";

await runCommandLine(context, commands, help);
