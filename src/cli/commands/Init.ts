import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { join } from "node:path"
import { type FirstSpec, problemOfSecret, told, writeFirst } from "../../appspec/FirstSpec.ts"
import { parseSpec } from "../../appspec/ParseSpec.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { type Around, lookAround } from "../../import/Folder.ts"
import { renderChecks } from "../../ui/DoctorView.ts"
import { jsonLine } from "../../ui/Json.ts"
import { count, padEnd, wrap } from "../../ui/Layout.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { inDns } from "../Checks.ts"
import { NotWrittenError } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { fillIn } from "../FirstAnswers.ts"
import { type Instance, lookUp } from "../Instance.ts"
import * as Flag from "../Flag.ts"
import { refuseExisting, schemaFor, writeNew } from "../NewFile.ts"
import { Operator } from "../Operator.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"

export const init = define({
  name: "init",
  about: [
    "Finds what it can: the name, the repository and its branch, the port that the Dockerfile exposes, the names in .env.example (never values), and where Coolify's credentials are set its servers and projects. It asks for the rest, and without a terminal says which flag is missing. Nothing is sent that could change anything, and no file is ever overwritten.",
    "A folder with a compose file, render.yaml or the like is for `fabrik import`."
  ],
  config: {
    folder: Flag.optional("FOLDER", "where the application is [the working folder]"),
    output: Flag.text("output", {
      alias: "o",
      placeholder: "FILE",
      help: "write the spec here [app.yaml in FOLDER]"
    }),
    name: Flag.text("name", { placeholder: "NAME", help: "what it is called [as the folder says]" }),
    domain: Flag.text("domain", { placeholder: "HOST", help: "where it answers; none: nowhere" }),
    image: Flag.text("image", { placeholder: "IMAGE", help: "the ready image that it is, e.g. nginx:1.27" }),
    git: Flag.text("git", {
      placeholder: "URL",
      help: "the repository that it is built from [the `origin` of the work tree]"
    }),
    branch: Flag.text("branch", { placeholder: "NAME", help: "the branch of it [the work tree's]" }),
    port: Flag.integer("port", {
      placeholder: "PORT",
      min: 1,
      max: 65_535,
      help: "where it listens in its container [as the Dockerfile says]"
    }),
    server: Flag.text("server", { placeholder: "NAME", help: "the server in Coolify [the only one]" }),
    project: Flag.text("project", { placeholder: "NAME", help: "the project in Coolify [fabrik]" }),
    yes: Flag.toggle("yes", { alias: "y", help: "ask nothing: take what was found" }),
    ...Shared.screen
  },
  examples: [
    { line: "fabrik init", says: "look around, ask for the rest, write app.yaml" },
    {
      line: "fabrik init --domain shop.example.com --image nginx:1.27 --port 80 --yes",
      says: "from flags alone"
    }
  ],
  handler: Effect.fn("command.init")(function* (flags) {
    const folder = flags.folder ?? "."
    const file = flags.output ?? join(folder, "app.yaml")
    yield* refuseExisting(file)
    const around = yield* lookAround(folder)
    if (flags.image !== undefined && flags.git !== undefined) {
      return yield* wrong("--image and --git are both given: it comes from one of them")
    }
    if (around.importable !== undefined && flags.image === undefined && flags.git === undefined) {
      return yield* importFirst(join(folder, around.importable), folder, flags.domain)
    }
    const { present } = yield* Operator
    const silent = flags.quiet || flags.json
    const instance = yield* lookUp()
    if (!silent) yield* tellFound(around, instance)
    const answers = yield* fillIn({ ...flags, asks: present && !flags.yes, around, instance })
    const schema = yield* schemaFor(file)
    const [secrets, stray] = settleSecrets(around)
    const first: FirstSpec = {
      ...answers,
      schema,
      head: "Lines like `# key: value` are examples: uncomment one to use it.",
      template: undefined,
      healthPath: "/",
      env: {},
      variables: around.variables?.value.filter((name) => problemOfSecret(name) === undefined) ?? [],
      secrets
    }
    const text = writeFirst(first)
    const spec = parseSpec(text, file)
    if (Either.isLeft(spec)) {
      const [problem] = spec.left.problems
      return yield* wrong(
        problem === undefined ? "no spec can be made of it" : `${problem.path}: ${told(problem)}`
      )
    }
    if (!silent) {
      for (const name of stray) yield* Say.warn(`${name} is left out: ${problemOfSecret(name) ?? ""}`)
      // Where nothing is set yet, the next commands say what to set.
      const checks =
        answers.domain === "none" || !instance.isSet
          ? []
          : yield* inDns({ sandbox: undefined, dryRun: false }, [spec.right])
      const odd = checks.filter(({ state }) => state !== "passed")
      yield* tellChecks(odd)
    }
    yield* writeNew(file, text, schema)
    if (flags.json) {
      const { name, domains } = spec.right
      return yield* Say.result([
        jsonLine({ type: "Initialized", file, name, domains, secrets: Object.fromEntries(secrets) })
      ])
    }
    yield* Say.result([clean(file)])
    if (!flags.quiet) yield* Say.hint(nextCommands(file, spec.right, secrets, instance))
  }, Effect.scoped)
})

const wrong = (message: string) => new UsageError({ message, command: "init" })

const quoted = (word: string): string =>
  /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

const importFirst = (file: string, folder: string, domain: string | undefined) =>
  new NotWrittenError({
    detail: `${clean(file)} says already how this is run: nothing was written`,
    next: `Run \`fabrik import ${quoted(clean(file))} --domain ${domain ?? "HOST"} -o ${quoted(clean(folder))}\`, which writes specs for it; or name what to deploy with --image or --git.`
  })

/** Names that a spec refuses are told, and left out. */
const settleSecrets = ({ secrets }: Around) => {
  const isGood = ([name]: Around["secrets"][number]) => problemOfSecret(name) === undefined
  return [secrets.filter(isGood), secrets.flatMap((one) => (isGood(one) ? [] : [one[0]]))] as const
}

const tellFound = Effect.fnUntraced(function* (around: Around, instance: Instance) {
  const { err } = yield* Screen
  const { name, origin, port, secrets, variables } = around
  const rows: ReadonlyArray<readonly [string, string]> = [
    ...(name === undefined ? [] : [["name", `${name.value} (${name.file})`] as const]),
    ...(origin === undefined
      ? []
      : [["repository", `${origin.repository}, branch ${origin.branch} (.git)`] as const]),
    ...(port === undefined ? [] : [["port", `${port.value} (${port.file})`] as const]),
    ...(variables === undefined
      ? []
      : [
          [
            "variables",
            `${count(secrets.length, "secret")}, ${count(variables.value.length, "other")} (${variables.file})`
          ] as const
        ]),
    ...instance.found
  ]
  const lines = rows.flatMap(([what, says]) =>
    wrap(clean(says), err.style.columns, `  ${padEnd(what, 10)}  `)
  )
  if (lines.length > 0) yield* err.write(`Found:\n${lines.join("\n")}\n`)
  yield* tellChecks(instance.odd)
})

const tellChecks = (checks: Instance["odd"]) =>
  Effect.flatMap(Screen, ({ err }) =>
    err.write(
      renderChecks(checks, err.style)
        .map((line) => `${line}\n`)
        .join("")
    )
  )

const nextCommands = (
  file: string,
  { domains, source }: Spec,
  secrets: FirstSpec["secrets"],
  { isSet }: Instance
): ReadonlyArray<string> => {
  const path = quoted(clean(file))
  const wanted = secrets.flatMap(([name, rule]) => (rule === "required" ? [name] : []))
  return [
    ...(wanted.length === 0
      ? []
      : [`First put the values of ${wanted.join(", ")} into .env or the environment.`]),
    "Try it on this machine, without an account:",
    `  fabrik apply --sandbox ${path}`,
    isSet ? "Then on your Coolify:" : "Then on your Coolify, with a token of Keys & Tokens:",
    ...(isSet ? [] : ["  export COOLIFY_ENDPOINT=https://coolify.example.com COOLIFY_TOKEN=..."]),
    `  fabrik doctor ${path}`,
    `  fabrik apply ${path}`,
    ...(domains.length === 0 || source._tag !== "Git"
      ? []
      : ["Coolify builds what is pushed, not what lies here."])
  ]
}
