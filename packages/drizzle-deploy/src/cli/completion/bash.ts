import { type CompletedCommand, type CompletedValue, functionName, quoteForShell } from "./definition.ts";

const quote = (text: string): string => quoteForShell(text, "bash");

const keyOf = (path: readonly string[], word: string): string => quote(`${path.join(" ")}|${word}`);

function offer(value: CompletedValue): string | null {
  switch (value.kind) {
    case "choice":
      return `words=${quote(value.values.join(" "))}`;
    case "list":
      return `list=${quote(value.values.join(" "))}`;
    case "file":
      return 'compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$current"))';
    case "folder":
      return 'compopt -o dirnames 2>/dev/null || COMPREPLY=($(compgen -d -- "$current"))';
    case "text":
      return null;
  }
}

/** Writes the completion of a command line for bash 3.2 or later, without the package bash-completion. */
export function formatBashCompletion(name: string, commands: readonly CompletedCommand[]): string {
  const steps = commands.flatMap(({ path, commands: below, options }) => [
    ...below.map(
      (one) => `      ${keyOf(path, one.name)}) path=${quote([...path, one.name].join(" "))} operands=0 ;;`,
    ),
    ...options.flatMap(({ flags, value }) =>
      value === null ? [] : [`      ${flags.map((flag) => keyOf(path, flag)).join("|")}) option=$word ;;`],
    ),
  ]);
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => {
      const offered = value && offer(value);
      return offered ? [`      ${flags.map((flag) => keyOf(path, flag)).join("|")}) ${offered} ;;`] : [];
    }),
  );
  const operands = commands.flatMap(({ path, values: own }) =>
    own.flatMap(({ value }, at) => {
      const offered = offer(value);
      return offered ? [`      ${keyOf(path, String(at))}) ${offered} ;;`] : [];
    }),
  );
  const names = commands.flatMap(({ path, commands: below }) =>
    below.length === 0
      ? []
      : [`      ${quote(path.join(" "))}) words=${quote(below.map((one) => one.name).join(" "))} ;;`],
  );
  const flags = commands.map(
    ({ path, options }) =>
      `      ${quote(path.join(" "))}) words=${quote(options.flatMap((one) => one.flags).join(" "))} ;;`,
  );
  const called = functionName(name);
  return `# Completion of ${name} for bash, made by: ${name} completion bash
${called}() {
  local IFS=$' \\t\\n' current="\${COMP_WORDS[COMP_CWORD]}" path= option= operands=0 words= list= word at
  # What was typed so far: the command, and the option that waits for its value.
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    if [[ -n $option ]]; then
      # The "=" of --option=value is a word of its own.
      [[ $word == "=" ]] || option=
      continue
    fi
    case "$path|$word" in
${steps.join("\n")}
      *'|-'*) ;;
      *) operands=$((operands + 1)) ;;
    esac
  done
  [[ $current == "=" ]] && current=
  COMPREPLY=()
  if [[ -n $option ]]; then
    local IFS=$'\\n'
    case "$path|$option" in
${values.join("\n")}
    esac
  elif [[ $current != -* ]]; then
    case "$path" in
${names.join("\n")}
    esac
    case "$path|$operands" in
${operands.join("\n")}
    esac
  fi
  if [[ -z $option && -z $words && \${#COMPREPLY[@]} == 0 ]]; then
    case "$path" in
${flags.join("\n")}
    esac
  fi
  IFS=$' \\t\\n'
  if [[ -n $list ]]; then
    compopt -o nospace 2>/dev/null
    local before=
    [[ $current == *,* ]] && before="\${current%,*},"
    COMPREPLY=($(compgen -P "$before" -W "$list" -- "\${current##*,}"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -F ${called} ${name}
`;
}
