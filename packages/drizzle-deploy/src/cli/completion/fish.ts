import {
  type CompletedCommand,
  type CompletedOption,
  type CompletedValue,
  functionName,
  quoteForShell,
} from "./definition.ts";

const quote = (text: string): string => quoteForShell(text, "fish");

function parameters(value: CompletedValue | null): string {
  switch (value?.kind) {
    case undefined:
      return "";
    case "choice":
      return ` -x -a ${quote(value.values.join(" "))}`;
    case "list":
      return ` -x -a ${quote(`(__fish_complete_list , 'printf "%s\\n" ${value.values.join(" ")}')`)}`;
    case "file":
      return " -r -F";
    case "folder":
      return ` -x -a ${quote("(__fish_complete_directories)")}`;
    case "text":
      return " -x";
  }
}

function formatOption(start: string, { flags, description, value }: CompletedOption): string {
  const named = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return `${start} ${named.join(" ")}${parameters(value)} -d ${quote(description)}`;
}

/** Writes the completion of a command line for fish 3 or later. */
export function formatFishCompletion(name: string, commands: readonly CompletedCommand[]): string {
  const at = `_${functionName(name)}_at`;
  const cases = commands.flatMap(({ path, commands: below, options }) => {
    const key = (word: string): string => quote(`${path.join(" ")}|${word}`);
    const withValue = options.filter(({ value }) => value !== null).flatMap(({ flags }) => flags);
    return [
      ...below.map(
        (one) =>
          `            case ${key(one.name)}\n                set path ${quote([...path, one.name].join(" "))}\n                set operands 0`,
      ),
      ...(withValue.length === 0
        ? []
        : [`            case ${withValue.map(key).join(" ")}\n                set isValue 1`]),
    ];
  });
  const lines = commands.flatMap(({ path, options, commands: below, values }) => {
    const start = (operands: string): string =>
      `complete -c ${name} -n ${quote(`${at} ${[`'${path.join(" ")}'`, operands].join(" ").trim()}`)}`;
    return [
      ...below.map((one) => `${start("0")} -a ${one.name} -d ${quote(one.description)}`),
      ...values.map(
        ({ value }, position) => `${start(String(position))}${parameters(value).replace(" -x", "")}`,
      ),
      ...options.map((option) => formatOption(start(""), option)),
    ].filter((line) => line !== start(""));
  });
  return `# Completion of ${name} for fish, made by: ${name} completion fish
function ${at} -d 'Whether what was typed leads to a command, and has so many arguments'
    set -l path ''
    set -l operands 0
    set -l isValue 0
    for word in (commandline -opc)[2..-1]
        if test $isValue = 1
            set isValue 0
            continue
        end
        switch "$path|$word"
${cases.join("\n")}
            case '*|-*'
            case '*'
                set operands (math $operands + 1)
        end
    end
    test "$path" = "$argv[1]"; and begin
        not set -q argv[2]; or test $operands = $argv[2]
    end
end
complete -c ${name} -f
${lines.join("\n")}
`;
}
