/**
 * The built file, run as a user runs it: in a directory and an environment of its own. What does not hang on its being a
 * process of its own runs in this one, in the same directory.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, type ChildProcess } from "node:child_process"
import {
  existsSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeAll, beforeEach, describe } from "vitest"
import { loadCommands } from "../../src/cli/Cli.ts"
import { renderHelp } from "../../src/cli/Help.ts"
import { oldestNode } from "../../src/cli/NodeVersion.ts"
import { version } from "../../src/cli/Version.ts"
import { builtFabrik, runProgram } from "../support/Built.ts"
import { runHere, startHere } from "../support/InThisProcess.ts"
import { assertNoSecret } from "../reliability/Leak.ts"

const root = join(import.meta.dirname, "../..")
let program = ""
let cwd = ""
const children: Array<ChildProcess> = []

beforeAll(() => {
  program = builtFabrik()
})
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "fabrik-cwd-"))
  copyFileSync(join(root, "fixtures/test-api.yaml"), join(cwd, "app.yaml"))
  process.chdir(cwd)
})
afterEach(() => {
  process.chdir(root)
  for (const child of children.splice(0)) child.kill("SIGKILL")
  rmSync(cwd, { recursive: true, force: true })
})

const env = {
  PATH: process.env["PATH"],
  LANG: "C.UTF-8",
  FABRIK_LATE_EFFECTS: "5",
  // The fixture asks for it, and nobody makes it up.
  DATABASE_URL: "postgresql://app:p4ssw0rd-of-tests@db/app"
}

const fabrik = async (args: ReadonlyArray<string>, more: Record<string, string> = {}) => {
  const ran = await runProgram(process.execPath, [program, ...args], { cwd, env: { ...env, ...more } })
  assertNoSecret(join(cwd, ".fabrik"), ran.stdout + ran.stderr)
  return ran
}

/** The same in this process. */
const here = async (args: ReadonlyArray<string>, more: Record<string, string> = {}) => {
  const ran = await runHere(args, { ...env, ...more })
  assertNoSecret(join(cwd, ".fabrik"), ran.stdout + ran.stderr)
  return ran
}

/** A process to send signals to. */
const begin = (args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [program, ...args], { cwd, env })
  children.push(child)
  const output = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text))
  const ended = new Promise<number | null>((resolve) =>
    child.on("close", (code) => {
      // The sandbox's own command prints what its clients need.
      if (args[0] !== "sandbox") assertNoSecret(join(cwd, ".fabrik"), output.stdout + output.stderr)
      resolve(code)
    })
  )
  /** Resolves when `text` has been printed; fails when the process ends first. */
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if ((output.stdout + output.stderr).includes(text)) resolve()
      }
      child.stdout.on("data", look)
      child.stderr.on("data", look)
      void ended.then(() => reject(new Error(`ended without "${text}": ${output.stderr}`)))
      look()
    })
  return { child, output, ended, until }
}

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length))

const sandboxFlags = ["--sandbox", "--yes"]

const isWorkTree = existsSync(join(root, ".git"))

describe("the process", () => {
  it("knows its version, which is the package's", async () => {
    const { version: packaged } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    assert.strictEqual(version, packaged)
    for (const args of [["--version"], ["-v"], ["apply", "--version"]]) {
      const { status, stderr, stdout } = await fabrik(args)
      assert.deepStrictEqual([status, stderr], [0, ""])
      const [, said, built, node] =
        /^fabrik (\S+) \((?:commit ([0-9a-f]{12}(?:-dirty)?), )?Node (\S+)\)\n$/.exec(stdout) ?? []
      assert.deepStrictEqual([said, node], [version, process.versions.node])
      if (isWorkTree) assert.isDefined(built)
    }
  })

  it("says which Node it needs on one that is too old, and exits 3", async () => {
    const hook = join(cwd, "node.cjs")
    for (const [node, fits] of [
      ["18.20.8", false],
      ["20.11.1", false],
      ["20.12.0", true],
      ["26.0.0", true]
    ] as const) {
      writeFileSync(
        hook,
        `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } })`
      )
      const run = await fabrik(["validate", "app.yaml"], { NODE_OPTIONS: `--require ${hook}` })
      assert.deepStrictEqual(
        [run.status, run.stderr],
        fits ? [0, ""] : [3, `Node 20.12 or newer is needed, this is ${node}.\n`]
      )
      assert.strictEqual((await fabrik(["--version"], { NODE_OPTIONS: `--require ${hook}` })).status, 0)
    }
    const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    assert.strictEqual(engines.node, `>=${oldestNode}`)
  })

  it("helps with every command, with examples, in 80 columns", async () => {
    const overview = (await fabrik([])).stdout
    assert.isAtMost(widest(overview), 80)
    for (const { info } of await Effect.runPromise(loadCommands)) {
      const { flags, name, summary } = info
      assert.include(overview, `  ${name}`)
      assert.include(overview, summary)
      const help = `${renderHelp(info).join("\n")}\n`
      assert.isAtMost(widest(help), 80)
      for (const flag of flags) assert.include(help, `--${flag.name}`)
      assert.include(help, `\nExamples:\n  fabrik ${name}`)
      // All are told in one way: one process shows it.
      if (name === "apply") {
        assert.deepStrictEqual(await fabrik([name, "--help"]), { status: 0, stdout: help, stderr: "" })
      }
    }
  })

  it("tells a usage error once, on stderr, and exits 4", async () => {
    assert.deepStrictEqual(await fabrik(["apply", "app.yaml", "--skip-dsn"]), {
      status: 4,
      stdout: "",
      stderr: "✗ unknown flag --skip-dsn; did you mean --skip-dns?\n  See fabrik apply --help.\n"
    })
  })

  it("says itself that a file named with --env-file is not there", async () => {
    const words = ["plan", "app.yaml", "--env-file", "nope.env"]
    const itself = await runProgram(program, words, { cwd, env })
    for (const { status, stderr } of [itself, await fabrik(["plan", "app.yaml", "-e", "nope.env"])]) {
      assert.strictEqual(status, 4, stderr)
      assert.include(stderr, "nope.env: does not exist")
      assert.notInclude(stderr, "node:")
    }
  })

  // Node takes the flag for its own also behind the script's name, and leaves it there.
  it("reads the file named with --env-file where Node is started with the script, too", async () => {
    writeFileSync(join(cwd, "given.env"), "API_KEY=from-the-file\n", { mode: 0o600 })
    for (const words of [["--env-file", "given.env"], ["--env-file=given.env"]]) {
      const { status, stdout, stderr } = await fabrik(["plan", "app.yaml", ...words])
      assert.strictEqual(status, 0, stderr)
      assert.include(stderr, "Secrets are read from given.env.\n")
      assert.match(stdout, /API_KEY +from given\.env/)
    }
  })

  it("reads .env beside the spec, then in the working folder, and says which", async () => {
    mkdirSync(join(cwd, "sub"))
    copyFileSync(join(cwd, "app.yaml"), join(cwd, "sub/app.yaml"))
    writeFileSync(join(cwd, "sub/.env"), "API_KEY=from-the-folder-of-the-spec\n", { mode: 0o600 })
    writeFileSync(join(cwd, ".env"), "API_KEY=from-the-working-folder\n2FA=1\n", { mode: 0o600 })
    const { status, stdout, stderr } = await here(["plan", "sub/app.yaml", "--json"])
    assert.strictEqual(status, 0, stderr)
    assert.include(stderr, "Secrets are read from sub/.env.\n")
    assert.include(stderr, "Secrets are read from .env.\n")
    assert.include(stderr, ".env has no NAME=value in line 2")
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepInclude(
      events.find(({ type, name }) => type === "SecretResolved" && name === "API_KEY"),
      { origin: "env-file", file: "sub/.env" }
    )
    assert.notInclude(stdout + stderr, "from-the-")
  })

  it("refuses a name given with --secrets that the spec does not have", async () => {
    for (const [pair, hint] of [
      ["DATABSE_URL=x", "did you mean DATABASE_URL?"],
      ["LOG_LEVEL=x", "stands under `env`"],
      ["NOPE=x", "it has DATABASE_URL, API_KEY"]
    ] as const) {
      const { status, stderr } = await here(["plan", "app.yaml", "--secrets", pair])
      assert.strictEqual(status, 4, stderr)
      assert.include(stderr.replace(/\s+/g, " "), `--secrets ${pair.slice(0, -2)}: the spec has no such name`)
      assert.include(stderr.replace(/\s+/g, " "), hint)
    }
  })

  it("takes ${env.NAME} from its own environment, but never fabrik's credentials", async () => {
    const text = readFileSync(join(cwd, "app.yaml"), "utf8")
    const spec = (name: string) => text.replace("env:\n", `env:\n  VERSION: v-\${env.${name}}\n`)
    writeFileSync(join(cwd, "app.yaml"), spec("GIT_SHA"))
    assert.include((await here(["plan", "app.yaml"], { GIT_SHA: "abc123" })).stdout, "v-abc123")
    const unset = await here(["plan", "app.yaml"])
    assert.strictEqual(unset.status, 4)
    assert.include(
      unset.stderr.replace(/\s+/g, " "),
      "app.yaml:6:12: `GIT_SHA` is not set in the environment"
    )
    assert.strictEqual((await here(["validate", "app.yaml"])).status, 0)
    writeFileSync(join(cwd, "app.yaml"), spec("FABRIK_TOKEN"))
    const own = await here(["plan", "app.yaml"], { FABRIK_TOKEN: "canary-value" })
    assert.strictEqual(own.status, 4)
    assert.include(own.stderr, "is fabrik's own")
    assert.notInclude(own.stdout + own.stderr, "canary-value")
  })

  it("names every problem of a spec with its place, and exits 4", async () => {
    writeFileSync(join(cwd, "bad.yaml"), "name: x\ndomian: x.example.com\n")
    const { status, stdout, stderr } = await here(["validate", "bad.yaml", "app.yaml"])
    assert.strictEqual(status, 4)
    assert.include(stderr, "bad.yaml:2:1: unknown key `domian`")
    assert.strictEqual(stdout, "app.yaml: ok, test-api at https://test-api.example.com\n")
    assert.strictEqual((await here(["apply", "bad.yaml", "--sandbox", "--yes"])).status, 4)
  })

  it("without credentials exits 5, and offers what works without them", async () => {
    const { status, stderr } = await here(["apply", "app.yaml", "--yes"])
    assert.strictEqual(status, 5)
    for (const word of ["COOLIFY_TOKEN", "CLOUDFLARE_API_TOKEN", "--sandbox", "fabrik plan"]) {
      assert.include(stderr, word)
    }
  })

  it("refuses to work without checking certificates", async () => {
    const { status, stderr } = await fabrik(["plan", "app.yaml"], { NODE_TLS_REJECT_UNAUTHORIZED: "0" })
    assert.strictEqual(status, 5)
    assert.include(stderr, "NODE_TLS_REJECT_UNAUTHORIZED")
  })

  it("dry-runs offline in an empty environment, and writes no file", async () => {
    const { status, stdout, stderr } = await here(["apply", "--dry-run", "app.yaml"])
    assert.strictEqual(status, 0, stderr)
    assert.include(stdout, "No credentials are set")
    assert.include(stdout, "Plan: ")
    assert.include(stderr, "Nothing was sent.")
    assert.isAtMost(widest(stdout + stderr), 80)
    await here(["plan", "--sandbox", "app.yaml"])
    assert.deepStrictEqual(readdirSync(cwd), ["app.yaml"])
  })

  it("tells changes from none with plan --detailed-exitcode", async () => {
    assert.strictEqual((await here(["plan", "app.yaml"])).status, 0)
    assert.strictEqual((await here(["plan", "app.yaml", "--detailed-exitcode"])).status, 2)
  })

  it("with --json prints nothing but JSON on stdout", async () => {
    const { status, stdout } = await fabrik(["apply", "--dry-run", "--json", "app.yaml"])
    assert.strictEqual(status, 0)
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    assert.strictEqual(events[0].type, "RunStarted")
    assert.strictEqual(events.at(-1).type, "RunFinished")
    for (const event of events) {
      assert.match(event.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.match(event.run, /^[0-9a-f]{12}$/)
      assert.isString(event.state)
    }
    const failed = await here(["apply", "--json", "app.yaml"])
    assert.strictEqual(JSON.parse(failed.stdout).exit, 5)
  })

  it("never shows a secret, and warns of those in argv", async () => {
    const result = await here(["apply", "--dry-run", "-s", "API_KEY=hunter2hunter2", "app.yaml"], {
      DATABASE_URL: "hunter3hunter3"
    })
    assert.strictEqual(result.status, 0)
    assert.notMatch(result.stdout + result.stderr, /hunter/)
    assert.include(result.stderr, "Warning: values given with --secrets")
  })

  it("survives a reader that goes away", async () => {
    const { child, ended } = begin(["apply", "--dry-run", "app.yaml"])
    child.stdout.destroy()
    assert.strictEqual(await ended, 0)
  })

  it("asks nobody where nobody is, and says what to do", async () => {
    const { status, stderr } = await fabrik(["apply", "--sandbox", "app.yaml"])
    assert.strictEqual(status, 4)
    assert.include(stderr, "--yes")
  })
})

describe("the process and the sandbox", () => {
  it("applies, finds nothing to do, shows the status and destroys", async () => {
    const first = await fabrik(["apply", "app.yaml", ...sandboxFlags])
    assert.strictEqual(first.status, 0, first.stderr)
    assert.match(first.stdout, /^https:\/\/test-api\.example\.com:\d+\/$/m)
    const again = await fabrik(["apply", "app.yaml", "--sandbox"])
    assert.strictEqual(again.status, 0, again.stderr)
    assert.include(again.stdout, "No changes.")
    assert.include(
      (await fabrik(["status", "app.yaml", "--sandbox"])).stdout,
      "Everything is as the spec says."
    )
    const gone = await fabrik(["destroy", "app.yaml", ...sandboxFlags])
    assert.strictEqual(gone.status, 0, gone.stderr)
    assert.include((await fabrik(["destroy", "app.yaml", ...sandboxFlags])).stdout, "No changes.")
  })

  it("carries out a reviewed plan, and refuses it once the world has moved", async () => {
    const plan = () => here(["plan", "--sandbox", "app.yaml", "--out", "app.plan"])
    assert.strictEqual((await plan()).status, 5, "there is no sandbox yet, so nothing was read")
    assert.strictEqual((await here(["destroy", "--sandbox", "--yes", "app.yaml"])).status, 0)
    const planned = await plan()
    assert.strictEqual(planned.status, 0, planned.stderr)
    const applied = await here(["apply", "--sandbox", "app.plan"])
    assert.strictEqual(applied.status, 0, applied.stderr)
    const again = await here(["apply", "--sandbox", "app.plan"])
    assert.strictEqual(again.status, 3)
    assert.include(again.stderr, "new plan")
  })

  it("keeps the applications of two owners apart", async () => {
    assert.strictEqual(
      (await here(["apply", "--sandbox", "--yes", "app.yaml"], { FABRIK_OWNER: "us" })).status,
      0
    )
    const theirs = await here(["apply", "--sandbox", "--yes", "app.yaml"], { FABRIK_OWNER: "them" })
    assert.strictEqual(theirs.status, 3)
    assert.include(theirs.stderr, "did not make")
  })

  it("tells that it tries again", async () => {
    const fault = "coolify GET /servers status=503 x1"
    const { status, stdout } = await here(["plan", "--sandbox", "app.yaml"])
    assert.strictEqual(status, 0, stdout)
    const retried = await here([
      "apply",
      "--sandbox",
      "--yes",
      "--json",
      "--sandbox-fault",
      fault,
      "app.yaml"
    ])
    assert.strictEqual(retried.status, 0, retried.stderr)
    assert.include(retried.stdout, '"type":"Retrying"')
  })

  /** What the sandbox holds, but for what a run may leave: ids to come, and the history of zones. */
  const held = () => {
    const read = (name: string) => JSON.parse(readFileSync(join(cwd, ".fabrik/sandbox", name), "utf8"))
    const { projects, environments, applications, variables, containers } = read("coolify.json")
    const zones = JSON.stringify(read("zones.json")).includes('"A"')
    return { projects, environments, applications, variables, containers, zones }
  }

  it("fails with 10 when the application does not become healthy, and leaves nothing", async () => {
    assert.strictEqual((await here(["destroy", "app.yaml", ...sandboxFlags])).status, 0)
    const before = held()
    const spec = readFileSync(join(cwd, "app.yaml"), "utf8")
    writeFileSync(join(cwd, "app.yaml"), spec.replace("env:", "env:\n  SANDBOX_APP: unhealthy"))
    const { status, stderr } = await here(["apply", "app.yaml", ...sandboxFlags])
    assert.strictEqual(status, 10, stderr)
    assert.include(stderr, "New container is not healthy")
    assert.include(stderr, "Removed again: ")
    assert.deepStrictEqual(held(), before)
  })

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129]
  ] as const) {
    it(`rolls back at ${signal}, exits with ${code} and leaves nothing`, async () => {
      assert.strictEqual((await here(["destroy", "app.yaml", ...sandboxFlags])).status, 0)
      const before = held()
      const slow = ["--sandbox-fault", "coolify GET /deployments delay=1000"]
      const { child, ended, output, until } = begin(["apply", "app.yaml", ...sandboxFlags, ...slow])
      await until("+ variables test-api")
      child.kill(signal)
      assert.strictEqual(await ended, code, output.stderr)
      assert.include(output.stderr, "interrupted: rolling back")
      assert.include(output.stderr, "everything was put back")
      assert.deepStrictEqual(held(), before)
    })
  }

  const shared: Array<ReturnType<typeof startHere>> = []
  afterEach(async () => {
    for (const { done, interrupt } of shared.splice(0)) {
      interrupt("SIGINT")
      await done
    }
  })

  /** A sandbox in this process, for others to use. */
  const served = async () => {
    const sandbox = startHere(["sandbox", "--server", "vps1", "--zone", "example.com"], { env })
    shared.push(sandbox)
    await sandbox.until("Stop it with Ctrl-C.")
    return sandbox
  }

  it("ends at the second signal with 12, and what it says to do then puts things in order", async () => {
    await served()
    const faults = ["coolify GET /deployments hang x1", "coolify DELETE * delay=20000 x1"].flatMap((rule) => [
      "--sandbox-fault",
      rule
    ])
    const { child, ended, output, until } = begin(["apply", "app.yaml", ...sandboxFlags, ...faults])
    await until("+ variables test-api")
    child.kill("SIGINT")
    await until("Rolling back")
    const second = Date.now()
    child.kill("SIGINT")
    assert.strictEqual(await ended, 12)
    // Far less than the deletion takes that is under way.
    assert.isBelow(Date.now() - second, 10_000)
    assert.include(output.stderr, "may be left: application test-api")
    const [, command = ""] = /Next: fabrik (.*)$/m.exec(output.stderr) ?? []
    assert.strictEqual(command, "recover --sandbox")
    const open = await here(["recover", "--sandbox", "--dry-run"])
    assert.include(open.stdout, "- application test-api")
    const recovered = await here(command.split(" "))
    assert.strictEqual(recovered.status, 0, recovered.stderr)
    assert.include(recovered.stderr, "everything is as it was before")
    assert.include((await here(["list", "--sandbox"])).stderr, "fabrik manages nothing")
    assert.include((await here(["recover", "--sandbox"])).stderr, "Nothing is open")
  })

  it("lets one run of an application change it at a time", async () => {
    const sandbox = await served()
    const slow = ["--sandbox-fault", "coolify GET /deployments delay=5000"]
    const first = begin(["apply", "app.yaml", ...sandboxFlags, ...slow])
    await first.until("+ variables test-api")
    for (const command of ["apply", "destroy"]) {
      const { status, stderr } = await here([command, "app.yaml", ...sandboxFlags])
      assert.strictEqual(status, 3, stderr)
      assert.include(
        stderr.replace(/\s+/g, " "),
        `\`fabrik apply\` of test-api (process ${first.child.pid}, since 2`
      )
    }
    const dryRun = await here(["apply", "--dry-run", "app.yaml", "--sandbox"])
    assert.strictEqual(dryRun.status, 0, dryRun.stderr)
    const third = startHere(["apply", "app.yaml", ...sandboxFlags, "--lock-timeout", "150"], { env })
    const told = (pattern: RegExp) => pattern.exec(sandbox.output.out)?.[1] ?? ""
    const apiUrl = told(/COOLIFY_URL=(\S+)/)
    const token = told(/COOLIFY_TOKEN='(.+)'/)
    const cleared = await fetch(`${apiUrl}/_sandbox/faults`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}` }
    })
    assert.isTrue(cleared.ok)
    assert.strictEqual(await first.ended, 0, first.output.stderr)
    assert.strictEqual(await third.done, 0, third.output.err)
    assert.include(third.output.err, "up to date")
  })

  it("serves the sandbox until told to stop, which is no failure", async () => {
    const { child, ended, output, until } = begin(["sandbox", "--server", "vps1", "--zone", "example.com"])
    await until("Stop it with Ctrl-C.")
    assert.match(output.stdout, /export COOLIFY_URL=http:\/\/127\.0\.0\.1:\d+/)
    const applied = await here(["apply", "app.yaml", ...sandboxFlags])
    assert.strictEqual(applied.status, 0, applied.stderr)
    child.kill("SIGINT")
    assert.strictEqual(await ended, 0)
  })
})
