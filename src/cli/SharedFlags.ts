/** Flags that several commands have. */
import * as Flag from "./Flag.ts"

export const specFile = Flag.one("FILE", "the path of a spec")

export const specOrDomain = Flag.one("SPEC|DOMAIN", "the path of a spec, or a domain that it answers for")

export const specFiles = Flag.atLeastOne(
  "FILE",
  "specs, folders of specs, or patterns like 'specs/**/*.yaml'"
)
export const specOrPlanFiles = Flag.atLeastOne(
  "FILE",
  "specs, folders of specs, patterns like 'specs/**/*.yaml'; or one plan saved by plan --out"
)

const json = Flag.toggle("json", { help: "one JSON object a line on stdout, and nothing else there" })
const noColor = Flag.toggle("no-color", { help: "no colours (also: NO_COLOR)" })
const quiet = Flag.toggle("quiet", { alias: "q", help: "no progress: only results and problems" })
export const verbose = Flag.toggle("verbose", { help: "show the deployment's log" })
export const yes = Flag.toggle("yes", { alias: "y", help: "do not ask" })

const sandbox = Flag.toggle("sandbox", {
  help: "use a Coolify, DNS and proxy that run inside fabrik, on this machine"
})
export const sandboxDir = Flag.text("sandbox-dir", {
  placeholder: "DIR",
  help: "where the sandbox keeps its state [.fabrik/sandbox]"
})
const sandboxFault = Flag.texts("sandbox-fault", {
  placeholder: "RULE",
  kind: "Text",
  help: "let the sandbox fail, e.g. 'coolify POST /deploy status=500 x1'"
})
const context = Flag.text("context", {
  placeholder: "NAME",
  help: "the Coolify of this name (`fabrik context list`)"
})
export const defaultSandboxDir = ".fabrik/sandbox"

export const secrets = Flag.texts("secrets", {
  alias: "s",
  placeholder: "KEY=VALUE",
  kind: "KeyValue",
  help: "a secret's value; other users see it in `ps`, so rather use the environment or --env-file"
})
export const report = Flag.text("report", {
  placeholder: "FILE",
  help: "write what happened, when and for how long as one HTML page"
})

export const envFile = Flag.text("env-file", {
  alias: "e",
  placeholder: "FILE",
  help: "read secrets from here [.env beside the spec, then in the working folder]; with `node dist/fabrik.js` write -e, as Node itself ends when a file behind --env-file is missing"
})
export const timeout = Flag.integer("timeout", {
  placeholder: "SECONDS",
  min: 1,
  max: 86_400,
  help: "give up and put everything back after this long; time in Coolify's queue does not count [1800]"
})
export const lockTimeout = Flag.integer("lock-timeout", {
  placeholder: "SECONDS",
  min: 0,
  max: 86_400,
  help: "wait this long for another run of the same application [0]"
})
export const allowDowntime = Flag.toggle("allow-downtime", {
  help: "go on although the old version has to stop before the new one starts"
})
/** Of several specs in one command. */
export const batch = {
  parallelism: Flag.integer("parallelism", {
    placeholder: "N",
    min: 1,
    max: 1000,
    help: "of several specs work on so many at once [10]"
  }),
  keepGoing: Flag.toggle("keep-going", {
    alias: "k",
    help: "of several specs go on with those that need none that failed"
  }),
  target: Flag.texts("target", {
    alias: "t",
    placeholder: "NAME",
    kind: "Text",
    help: "of several specs only this one and what it needs"
  })
}
/** Of a spec with processes. */
export const process = Flag.text("process", {
  placeholder: "NAME",
  help: "of a spec with processes only this one [all of them]"
})
export const skipDns = Flag.toggle("skip-dns", { help: "leave DNS alone" })

/** How every command that runs against the world shows itself. */
export const screen = { json, noColor, quiet }
/** Which world it is. */
export const world = { context, sandbox, sandboxDir, sandboxFault }
