import { Argument, type Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addHelp } from "./help.ts";

const shells = ["bash", "zsh", "fish"] as const;

type Shell = (typeof shells)[number];

/** Adds `completion`: a script with which a shell completes the commands, from their own definitions. */
export function addCompletion(program: Command, { names: { command: name } }: CommandContext): void {
  const completion = program
    .command("completion")
    .description("print a script with which a shell completes commands, options and their values")
    .addArgument(new Argument("<shell>", "the shell that reads it").choices(shells))
    .action(async (shell: Shell) => {
      process.stdout.write(await formatCompletion(program, name, shell));
    });
  addHelp(completion, {
    paragraphs: [
      `bash, in ~/.bashrc: eval "$(${name} completion bash)"`,
      `zsh, in ~/.zshrc after compinit: eval "$(${name} completion zsh)", or as the file _${name} in a folder of fpath.`,
      `fish: in ~/.config/fish/completions/${name}.fish`,
    ],
    examples: [`${name} completion bash > ${name}.bash`, `${name} completion fish | source`],
  });
}

async function formatCompletion(program: Command, name: string, shell: Shell): Promise<string> {
  const { describeCommands } = await import("./completion/definition.ts");
  const commands = describeCommands(program);
  switch (shell) {
    case "bash":
      return (await import("./completion/bash.ts")).formatBashCompletion(name, commands);
    case "zsh":
      return (await import("./completion/zsh.ts")).formatZshCompletion(name, commands);
    case "fish":
      return (await import("./completion/fish.ts")).formatFishCompletion(name, commands);
  }
}
