/** Scripts that complete fabrik's command line in a shell, made of the commands themselves. They start no fabrik. */
import type { CommandInfo } from "./CommandInfo.ts"
import type { ArgumentInfo, FlagInfo } from "./Flag.ts"

export const shells = ["bash", "zsh", "fish"] as const
type Shell = (typeof shells)[number]

/** What may stand in a place. */
type Values =
  | { readonly _tag: "Nothing" | "Files" | "Specs" | "Folders" | "Names" }
  | { readonly _tag: "Words"; readonly words: ReadonlyArray<string> }

const nothing: Values = { _tag: "Nothing" }

const ofFlag = ({ name, value }: FlagInfo): Values => {
  if (value === undefined) return nothing
  if (value.kind._tag === "Choice") return { _tag: "Words", words: value.kind.choices }
  if (name === "target") return { _tag: "Names" }
  if (value.placeholder === "FILE") return { _tag: "Files" }
  return value.placeholder === "DIR" ? { _tag: "Folders" } : nothing
}

const ofArgument = ({ choices, placeholder }: ArgumentInfo, command: string): Values => {
  if (choices !== undefined) return { _tag: "Words", words: choices }
  if (placeholder === "FOLDER") return { _tag: "Folders" }
  if (placeholder === "APPLICATION") return { _tag: "Names" }
  // What another tool deploys by has any name.
  if (command === "import") return { _tag: "Files" }
  return /\b(?:FILE|SPEC)\b/.test(placeholder) ? { _tag: "Specs" } : nothing
}

const argumentOf = ({ arguments: all, name }: CommandInfo): Values => {
  const [first] = all
  return first === undefined ? nothing : ofArgument(first, name)
}

const namesOf = ({ aliases = [], name }: CommandInfo): ReadonlyArray<string> => [name, ...aliases]

const wordsOf = ({ alias, name }: FlagInfo): ReadonlyArray<string> => [
  `--${name}`,
  ...(alias === undefined ? [] : [`-${alias}`])
]

/** Where the names of applications stand that were deployed from a folder: {@link FileHistory}. */
const histories = [".fabrik/history", ".fabrik/sandbox/history"]

export const completionsFor = (shell: Shell, commands: ReadonlyArray<CommandInfo>): string =>
  ({ bash, zsh, fish })[shell](commands)

const bashCase = (values: Values): string =>
  values._tag === "Words"
    ? `kind=words words='${values.words.join(" ")}'`
    : `kind=${values._tag.toLowerCase()}`

const bash = (commands: ReadonlyArray<CommandInfo>): string => {
  const cases = commands.map((command) => {
    const valued = command.flags.filter(({ value }) => value !== undefined)
    return [
      `  ${namesOf(command).join("|")})`,
      `    flags='${[...command.flags.flatMap(wordsOf), "--help", "-h"].join(" ")}'`,
      `    ${bashCase(argumentOf(command))}`,
      ...(valued.length === 0
        ? []
        : [
            "    case $prev in",
            ...valued.map((flag) => `    ${wordsOf(flag).join("|")}) flags='' ${bashCase(ofFlag(flag))} ;;`),
            "    esac"
          ]),
      "    ;;"
    ].join("\n")
  })
  const valued = commands.flatMap(({ flags }) =>
    flags.filter(({ value }) => value !== undefined).flatMap(wordsOf)
  )
  return `# Completes fabrik in bash. In ~/.bashrc: source <(fabrik completions bash)
_fabrik() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' word i
  local kind=words words='${[...commands.flatMap(namesOf), "help"].join(" ")}' flags='--help --version -h -v'
  # Of --flag=value bash makes three words.
  if [[ $cur == = ]]; then cur=''
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
    ${[...new Set(valued)].join("|")})
      ((i++)); [[ \${COMP_WORDS[i]} == = ]] && ((i++)) ;;
    -*|=) ;;
    *) command=$word; break ;;
    esac
  done
  case $command in
  '') ;;
  help) flags='' ;;
${cases.join("\n")}
  *) kind=nothing flags='' ;;
  esac
  local IFS=$'\\n' hidden='.*'
  [[ $cur == .* ]] && hidden=''
  COMPREPLY=()
  if [[ $cur == -* && -n $flags ]]; then
    COMPREPLY=($(IFS=' '; compgen -W "$flags" -- "$cur"))
    return
  fi
  case $kind in
  words) COMPREPLY=($(IFS=' '; compgen -W "$words" -- "$cur")) ;;
  names) COMPREPLY=($(compgen -W "$(_fabrik_names)" -- "$cur")) ;;
  files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
  folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -X "$hidden" -- "$cur")) ;;
  specs) compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -d -X "$hidden" -- "$cur"; compgen -f -X '!*.y*ml' -- "$cur")) ;;
  esac
}
_fabrik_names() {
  local file
  for file in ${histories.map((folder) => `${folder}/*/*/*.ndjson`).join(" ")}; do
    [[ -e $file ]] && file=\${file##*/} && echo "\${file%.ndjson}"
  done
}
complete -F _fabrik fabrik
`
}

const single = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const zshAction = (values: Values): string => {
  switch (values._tag) {
    case "Nothing":
      return " "
    case "Files":
      return "_files"
    case "Specs":
      return `_files -g "*.(yaml|yml)"`
    case "Folders":
      return "_files -/"
    case "Names":
      return "_fabrik_names"
    case "Words":
      return `(${values.words.join(" ")})`
  }
}

const zsh = (commands: ReadonlyArray<CommandInfo>): string => {
  const escaped = (text: string) => text.replace(/[\\[\]:]/g, "\\$&")
  const cases = commands.map((command) => {
    const flags = command.flags.flatMap((flag) =>
      wordsOf(flag).map((word) => {
        const value =
          flag.value === undefined ? "" : `:${escaped(flag.value.placeholder)}:${zshAction(ofFlag(flag))}`
        return single(`*${word}[${escaped(flag.help)}]${value}`)
      })
    )
    const argument = single(
      `*:${escaped(command.arguments[0]?.placeholder ?? "")}:${zshAction(argumentOf(command))}`
    )
    return [
      `  ${namesOf(command).join("|")})`,
      "    _arguments \\",
      ...[...flags, "'(- *)'{-h,--help}'[help]'", ...(command.arguments.length === 0 ? [] : [argument])].map(
        (line, index, all) => `      ${line}${index === all.length - 1 ? "" : " \\"}`
      ),
      "    ;;"
    ].join("\n")
  })
  return `#compdef fabrik
# Completes fabrik in zsh: fabrik completions zsh > a folder of $fpath/_fabrik, or source <(fabrik completions zsh) after compinit.
_fabrik_names() {
  local -a names
  names=(${histories.map((folder) => `${folder}/*/*/*.ndjson(N:t:r)`).join(" ")})
  compadd -a names
}
_fabrik() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '(- *)'{-v,--version}'[version]' '(- *)'{-h,--help}'[help]' '1: :->command' '*:: :->argument'
  case $state in
  command)
    local -a commands
    commands=(
${commands.map(({ name, summary }) => `      ${single(`${name}:${summary.replaceAll(":", "\\:")}`)}`).join("\n")}
    )
    _describe command commands
    return
    ;;
  esac
  case $words[1] in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _fabrik ]]; then _fabrik "$@"; else compdef _fabrik fabrik; fi
`
}

const fishValues = (values: Values): string => {
  switch (values._tag) {
    case "Nothing":
      return "-x"
    case "Files":
      return "-r -F"
    case "Specs":
      return "-x -a '(__fabrik_specs)'"
    case "Folders":
      return "-x -a '(__fish_complete_directories)'"
    case "Names":
      return "-x -a '(__fabrik_names)'"
    case "Words":
      return `-x -a '${values.words.join(" ")}'`
  }
}

const fish = (commands: ReadonlyArray<CommandInfo>): string => {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`
  const lines = commands.flatMap((command) => {
    const seen = `complete -c fabrik -n '__fish_seen_subcommand_from ${namesOf(command).join(" ")}'`
    const argument = argumentOf(command)
    const places =
      argument._tag === "Nothing" ? [] : [`${seen} ${fishValues(argument).replace(/^-[xr] /, "")}`]
    return [
      `complete -c fabrik -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
      ...places,
      ...command.flags.map((flag) => {
        const short = flag.alias === undefined ? "" : ` -s ${flag.alias}`
        const value = flag.value === undefined ? "" : ` ${fishValues(ofFlag(flag))}`
        return `${seen} -l ${flag.name}${short}${value} -d ${quoted(flag.help)}`
      })
    ]
  })
  return `# Completes fabrik in fish: fabrik completions fish > ~/.config/fish/completions/fabrik.fish
function __fabrik_names
  for file in ${histories.map((folder) => `${folder}/*/*/*.ndjson`).join(" ")}
    string replace -r '.*/(.*)\\.ndjson$' '$1' -- $file
  end
end
function __fabrik_specs
  __fish_complete_directories (commandline -ct)
  for file in (commandline -ct)*.yaml (commandline -ct)*.yml
    echo $file
  end
end
complete -c fabrik -f
complete -c fabrik -s h -l help -d 'this text'
complete -c fabrik -n __fish_use_subcommand -s v -l version -d 'its version'
${lines.join("\n")}
`
}
