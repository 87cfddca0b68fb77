import {
  type CompletedCommand,
  type CompletedOption,
  type CompletedValue,
  functionName,
  quoteForShell,
} from "./definition.ts";

const quote = (text: string): string => quoteForShell(text, "zsh");

/** A text within a specification of `_arguments`, where brackets and colons mean something. */
const escapeText = (text: string): string => text.replaceAll(/[[\]:\\]/g, "\\$&");

function action(value: CompletedValue): string {
  switch (value.kind) {
    case "choice":
      return `(${value.values.join(" ")})`;
    case "list":
      return `_sequence compadd - ${value.values.join(" ")}`;
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "text":
      return " ";
  }
}

function formatOption({ flags, description, value, valueName, isRepeated }: CompletedOption): string[] {
  const others = isRepeated ? "*" : flags.length > 1 ? `(${flags.join(" ")})` : "";
  return flags.map((flag) => {
    const own = `${flag}${value !== null && flag.startsWith("--") ? "=" : ""}[${escapeText(description)}]`;
    return quote(`${others}${own}${value === null ? "" : `:${escapeText(valueName)}:${action(value)}`}`);
  });
}

function formatCommand(name: string, { path, options, commands, values }: CompletedCommand): string {
  const called = functionName(name, ...path);
  const own = options.flatMap(formatOption);
  const below =
    commands.length > 0
      ? [quote("1:command:->command"), quote("*::argument:->argument")]
      : values.flatMap(({ name: value, value: what }, at) =>
          // Of an argument that nobody can complete zsh would say so, and complete no option.
          what.kind === "text" ? [] : [quote(`${at + 1}:${value}:${action(what)}`)],
        );
  const specifications = [...own, ...below].map((one) => ` \\\n    ${one}`).join("");
  if (commands.length === 0) return `${called}() {\n  _arguments -s -S${specifications}\n}\n`;
  return `${called}() {
  local curcontext="$curcontext" context state line
  typeset -A opt_args
  _arguments -C -S${specifications}
  case $state in
    command)
      local -a commands=(
${commands.map((one) => `        ${quote(`${one.name}:${one.description.replaceAll(":", "\\:")}`)}`).join("\n")}
      )
      _describe -t commands command commands
      ;;
    argument)
      case $words[1] in
${commands.map((one) => `        ${one.name}) ${functionName(name, ...path, one.name)} ;;`).join("\n")}
      esac
      ;;
  esac
}
`;
}

/** Writes the completion of a command line for zsh: a file of `fpath`, or to be sourced after `compinit`. */
export function formatZshCompletion(name: string, commands: readonly CompletedCommand[]): string {
  const called = functionName(name);
  return `#compdef ${name}
# Completion of ${name} for zsh, made by: ${name} completion zsh
${commands
  .toReversed()
  .map((command) => formatCommand(name, command))
  .join("\n")}
if [[ $funcstack[1] == _${name} ]]; then
  ${called} "$@"
else
  compdef ${called} ${name}
fi
`;
}
