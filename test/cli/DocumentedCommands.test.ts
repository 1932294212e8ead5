/**
 * Each command that the documents show does what they say: run as it stands there, in the order of its document, against
 * a sandbox. Those that cannot be run here are named below, with the reason.
 */
import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { afterAll, assert, describe } from "vitest"
import { loadCommands } from "../../src/cli/Cli.ts"
import { serve } from "../../src/sandbox/Attach.ts"
import { startHere } from "../support/InThisProcess.ts"

/** Cannot be run here, each for the reason that is printed. */
const elsewhere: ReadonlyArray<readonly [line: RegExp, why: string]> = [
  [/^fabrik (worker|state rekey)|--remote/, "wants a PostgreSQL"],
  [/--port 8000/, "wants that port to be free"],
  [/^fabrik open .*--dashboard/, "wants Coolify's pages, of which the sandbox has none"],
  [/^fabrik adopt/, "wants an application that somebody else has made: test/e2e/Adopt.test.ts has some"],
  [/^fabrik context (add|use)|--context/, "wants the Coolify at coolify.example.com"]
]

/** How a line ends that does not end with 0. */
const codes: ReadonlyArray<readonly [line: RegExp, code: number]> = [
  // A part of it is in no spec.
  [/^fabrik import fly\.toml/, 2],
  // Coolify fails as it is told to, and all is put back.
  [/--sandbox-fault/, 10]
]

const specOf = (name: string, more = "", version = "1.27") => `name: ${name}
domain: ${name}.example.com
source: { image: "nginx:${version}" }
port: 80
healthcheck: { path: /, startPeriod: 0, settle: 0, interval: 1, container: true }
${more}`
const shop = (version: string) =>
  specOf("shop", "secrets: { API_KEY: generate, SESSION_KEY: generate, TLS_KEY: generate }\n", version)

/** Files of other tools. */
const foreign = {
  "docker-compose.yml": "services:\n  web: { image: 'nginx:1.27', ports: ['8080:80'] }\n",
  "render.yaml": `services:
  - type: web
    name: shop
    runtime: image
    image: { url: docker.io/library/nginx:1.27 }
    domains: [shop.example.com]
`,
  "fly.toml": 'app = "shop"\nprimary_region = "fra"\n[build]\nimage = "nginx:1.27"\n',
  "config/deploy.yml": "service: shop\nimage: acme/shop\nproxy: { host: shop.example.com }\n",
  Procfile: "web: npm start\n"
}

/** What the reader has by the time of a line. */
const given: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "README.md: fabrik apply app.yaml": { "app.yaml": specOf("app") },
  "docs/guide.md: fabrik validate app.yaml": { "app.yaml": shop("1.27") },
  "docs/guide.md: fabrik apply app.yaml --redeploy": {
    "app.yaml": shop("1.28"),
    "specs/api.yaml": specOf("api")
  },
  "docs/guide.md: fabrik env push app.yaml prod.env": { "prod.env": "MORE=1\n" },
  "docs/recipes.md: fabrik apply app.yaml": { "app.yaml": specOf("app") },
  "docs/recipes.md: fabrik apply specs/": {
    "specs/api.yaml": specOf("shop-api"),
    "specs/web.yaml": specOf("shop-web", "needs: [shop-api]\n")
  },
  "docs/commands.md: fabrik validate app.yaml": {
    "app.yaml": shop("1.27"),
    "specs/api.yaml": specOf("api"),
    "key.pem": "-----BEGIN KEY-----\nonly-for-tests\n-----END KEY-----\n"
  },
  "docs/commands.md: fabrik apply app.yaml --yes --json": { "app.yaml": shop("1.28") },
  "docs/commands.md: fabrik secrets set app.yaml API_KEY": { ".env": "" },
  "docs/sandbox.md: fabrik apply --sandbox --yes --sandbox-fault coolify POST /deploy status=500 app.yaml": {
    "app.yaml": specOf("app")
  }
}

/** What the reader types, and then `y`. */
const answersTo: Readonly<Record<string, ReadonlyArray<string>>> = {
  "fabrik init": ["shop.example.com", "3000"]
}

/** What the reader has done by then, beside what stands there. */
const done: Readonly<Record<string, string>> = {
  "docs/commands.md: fabrik plan app.yaml": "fabrik apply app.yaml",
  "docs/commands.md: fabrik apply reviewed.plan": "fabrik plan app.yaml --out reviewed.plan",
  "docs/commands.md: fabrik env unset app.yaml OLD_FLAG": "fabrik env set app.yaml OLD_FLAG",
  "docs/guide.md: fabrik env unset app.yaml OLD_FLAG": "fabrik env set app.yaml OLD_FLAG"
}

interface Line {
  readonly text: string
  readonly words: ReadonlyArray<string>
  /** The file that the shell has it read. */
  readonly reads: string | undefined
}

const linesOf = (shown: string): ReadonlyArray<Line> =>
  shown
    .replace(/(?:^|\s)#.*$/, "")
    .split(/&&|;/)
    .flatMap((part) => {
      const text = /(?:^|\$\(|<\()(?:node dist\/fabrik\.js|fabrik) [^)]*/.exec(part.trim())?.[0] ?? ""
      // What stands behind a pipe is no command of fabrik's, and where its output goes is the shell's to say.
      const [own = ""] = text.split(/ [|>] /)
      const [before = "", reads] = own.split(" < ")
      const [, ...words] = [...before.replace("node dist/", "").matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, bare]) => quoted ?? bare ?? ""
      )
      return text === "" ? [] : [{ text: `fabrik ${words.join(" ")}`, words, reads: reads?.trim() }]
    })

const root = join(import.meta.dirname, "../..")

/** What a shell is given in a document, line by line; what is chained there stays together. */
const documents = ["README.md", "docs/dns.md", "docs/failures.md", "docs/guide.md", "docs/recipes.md"]
  .concat(["docs/sandbox.md", "docs/spec.md", "docs/teams.md"])
  .map((name) => ({
    name,
    chains: [...readFileSync(join(root, name), "utf8").matchAll(/^```sh\n(.*?)^```/gms)]
      .flatMap(([, block = ""]) => block.split("\n"))
      .map(linesOf)
      .filter(({ length }) => length > 0)
  }))

/** `fabrik COMMAND --help`, and so docs/commands.md. */
const commands = (await Effect.runPromise(loadCommands)).map(({ info }) => info)

const place = mkdtempSync(join(tmpdir(), "fabrik-documents-"))
const home = process.cwd()

const write = (folder: string, files: Readonly<Record<string, string>>) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

let folders = 0
/** Within a work tree, as what is imported is built from its origin. */
const newFolder = () => {
  const folder = join(place, `folder-${folders++}`)
  mkdirSync(folder)
  execFileSync("git", ["init", "-q"], { cwd: folder })
  execFileSync("git", ["remote", "add", "origin", "https://github.com/acme/shop.git"], { cwd: folder })
  return folder
}

afterAll(() => {
  process.chdir(home)
  rmSync(place, { recursive: true, force: true })
})

/** A sandbox that nobody has to wait for: whoever reads takes longer than a minute over so many requests. */
const withSandbox = (work: (dir: string) => Promise<void>) => {
  const dir = join(place, `sandbox-${folders++}`)
  return Effect.runPromise(
    Effect.gen(function* () {
      const done = yield* Deferred.make<void>()
      const worked = Effect.zipRight(
        Effect.promise(() => work(dir)),
        Deferred.succeed(done, undefined)
      )
      yield* Effect.raceFirst(
        Effect.asVoid(serve({ dir, rateLimit: 100_000 }, () => Effect.asVoid(worked))),
        Deferred.await(done)
      )
    })
  )
}

const takesSandbox = (name: string | undefined) =>
  commands.find((info) => info.name === name)?.flags.some((flag) => flag.name === "sandbox") === true

const pause = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 20))

/** Goes on until it is interrupted. */
const lasts = /^fabrik (sandbox|logs .* -f|status .* --watch)/

/** Runs a line in a folder, at a terminal with somebody who agrees. */
const run = async ({ reads, text, words }: Line, folder: string, sandbox: string) => {
  process.chdir(folder)
  const [command] = words
  const needsNobody = command === "apply" && words.includes("--dry-run")
  const where = takesSandbox(command) && !needsNobody ? ["--sandbox", "--sandbox-dir", sandbox] : []
  const own = words.filter((word) => word !== "--sandbox" || needsNobody)
  const answers = [...(answersTo[text] ?? (/ set /.test(text) ? ["another-value"] : [])), "y"]
  const answer = (onLine: (line: string | undefined) => void) => {
    const timer = setTimeout(() => onLine(answers.shift()))
    return () => clearTimeout(timer)
  }
  const piped = reads === undefined ? undefined : readFileSync(join(folder, reads))
  const started = startHere([...own, ...where], {
    env: { HOME: place, NO_COLOR: "1", DATABASE_URL: "postgresql://app:only-for-tests@db/app" },
    ...(piped === undefined ? { readLine: answer } : { stdin: piped })
  })
  if (lasts.test(text)) {
    const ended = started.done.then(() => true)
    while (started.output.out === "" && !(await Promise.race([ended, pause()]))) continue
    started.interrupt("SIGINT")
    assert.oneOf(await started.done, [0, 130], text)
    return started.output
  }
  assert.strictEqual(
    await started.done,
    codes.find(([pattern]) => pattern.test(text))?.[1] ?? 0,
    `${text}\n${started.output.out}${started.output.err}`
  )
  return started.output
}

const help = {
  name: "docs/commands.md",
  chains: commands.flatMap(({ examples }) => examples.map(({ line }) => linesOf(line)))
}

/** The releases of `app.yaml` in the place of those that help makes up, newest first. */
const withReleases = async (words: ReadonlyArray<string>, folder: string, sandbox: string) => {
  const madeUp = ["a41b", "3f9c"]
  if (!words.some((word) => madeUp.includes(word))) return words
  const [line] = linesOf("fabrik history app.yaml --json")
  assert.isDefined(line)
  const { out } = await run(line, folder, sandbox)
  const releases = out
    .trimEnd()
    .split("\n")
    .map((one): string => JSON.parse(one).release)
  return words.map((word) => (madeUp.includes(word) ? (releases[madeUp.indexOf(word)] ?? word) : word))
}

const ran = new Set<string>()

/** They write files of the same names, and never over one that is there. */
const begins = new Set(["import", "init", "new"])

describe("what a document shows is done", () => {
  it.each([...documents, help].filter(({ chains }) => chains.length > 0))("$name", ({ chains, name }) =>
    withSandbox(async (sandbox) => {
      const folder = newFolder()
      for (const chain of chains) {
        const isFirst = name !== "docs/guide.md" && begins.has(chain[0]?.words[0] ?? "")
        const own = isFirst ? newFolder() : folder
        for (const line of chain) {
          const key = `${name}: ${line.text}`
          write(own, given[key] ?? (line.words[0] === "import" ? foreign : {}))
          for (const first of linesOf(done[key] ?? "")) await run(first, own, sandbox)
          // What another document has shown already is not shown twice.
          if (name === help.name && ran.has(line.text)) continue
          const reason = elsewhere.find(([pattern]) => pattern.test(line.text))?.[1]
          if (reason === undefined) {
            ran.add(line.text)
            await run({ ...line, words: await withReleases(line.words, own, sandbox) }, own, sandbox)
          } else process.stdout.write(`not run here: ${line.text}: ${reason}\n`)
        }
      }
    })
  )
})
