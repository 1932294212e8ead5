/**
 * SIGINT, SIGTERM, SIGHUP and a second SIGINT at every step of a first apply, of an update, of a rollback and of a
 * destroy, through pipes and on a terminal.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { World } from "../../src/sandbox/SandboxWorld.ts"
import { type Bench, type Case, eventually, expectCode, readTrace, startBench } from "./ProcessBench.ts"
import { note, size } from "./Scale.ts"

/** A moment of a run, as `--json` tells it and as a terminal shows it. */
interface Moment {
  readonly name: string
  readonly json: RegExp
  readonly text: RegExp
}

const moment = (name: string, json: string, text: RegExp): Moment => ({
  name,
  json: new RegExp(`"type":${json}`),
  text
})

const changed = (kind: string, action: "created" | "updated" | "deleted") =>
  moment(
    `${kind} ${action}`,
    `"ResourceChanged",.*"kind":"${kind}",.*"action":"${action}"`,
    // Its row, and no line of the plan; it may be folded before a frame has shown it.
    new RegExp(`(?:[•*✓✗]|ok) ${kind}|\\[4/5\\]|is gone`)
  )

const start = [
  moment("the start", '"RunStarted"', /-> https:/),
  moment("the secrets", '"StepStarted","step":"secrets"', /\[2\/5\] Secrets/),
  moment("the plan", '"Planned"', /Plan: /),
  moment("the provision", '"StepStarted","step":"provision"', /\[3\/5\] Provision/)
]
const end = [
  moment("the name servers' answer", '"DnsChecked"', /name server/),
  moment("the deployment", '"StepStarted","step":"deploy"', /\[4\/5\] Deploy/),
  moment("the queue", '"DeploymentProgress",.*"queued"', /deployment(?: of \S+)? {2}queued|\[5\/5\]/),
  moment(
    "the build",
    '"DeploymentProgress",.*"in_progress"',
    /deployment(?: of \S+)? {2}(?!queued)\S|\[5\/5\]/
  ),
  moment("the end of the deployment", '"DeploymentProgress",.*"finished"', /Deploy (?:✓|ok)/),
  moment("the visit", '"StepStarted","step":"verify"', /\[5\/5\] Verify/),
  moment("the first answer", '"HealthAttempted","stage":"origin"', /\[5\/5\] Verify/),
  moment("the answer by name", '"HealthAttempted","stage":"name"', /\S\.\S+ +healthy|Verify (?:✓|ok)/),
  moment("the end", '"RunFinished"', /is live and verified/)
]
const moments = {
  "a first apply": [
    ...start,
    changed("project", "created"),
    changed("record", "created"),
    changed("application", "created"),
    changed("variables", "created"),
    ...end
  ],
  "an update": [
    ...start,
    changed("application", "updated"),
    changed("record", "updated"),
    changed("variables", "updated"),
    ...end
  ],
  "an update that fails": [
    moment("the rollback", '"StateChanged",.*"to":"ROLLING_BACK"', /Rolling back/),
    moment("the first undo", '"UndoStarted"', /Rolling back/),
    moment("the variables", '"UndoFinished","what":"variables', /Rolling back[^]*variables of/),
    moment("the settings", '"UndoFinished","what":"settings', /Rolling back[^]*settings of/)
  ],
  "a destroy": [
    moment("the start", '"RunStarted"', /-> https:/),
    moment("the plan", '"Planned"', /Plan: /),
    changed("application", "deleted"),
    changed("record", "deleted"),
    changed("project", "deleted"),
    moment("the end", '"RunFinished"', /is gone/)
  ]
} as const
type Scenario = keyof typeof moments

const kinds = [
  { name: "SIGINT", signal: "SIGINT", code: 130, twice: false },
  { name: "SIGTERM", signal: "SIGTERM", code: 143, twice: false },
  { name: "SIGHUP", signal: "SIGHUP", code: 129, twice: false },
  { name: "SIGINT twice", signal: "SIGINT", code: 130, twice: true }
] as const
type Kind = (typeof kinds)[number]

interface Interruption {
  readonly scenario: Scenario
  readonly moment: Moment
  readonly kind: Kind
  readonly terminal: boolean
}

/** util-linux gives a command a terminal of its own. */
const hasScript = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "")

const scenarios: ReadonlyArray<Scenario> = ["a first apply", "an update", "an update that fails", "a destroy"]
const all: ReadonlyArray<Interruption> = scenarios.flatMap((scenario) =>
  moments[scenario].flatMap((at, number) =>
    kinds.map((kind, which) => ({ scenario, moment: at, kind, terminal: (number + which) % 2 === 0 }))
  )
)

/** A part of them that has every kind and every scenario, and walks through the moments. */
const chosen = (terminal: boolean): ReadonlyArray<Interruption> => {
  const cases = all.filter((one) => one.terminal === terminal)
  const wanted = size(2, cases.length)
  return wanted >= cases.length
    ? cases
    : Array.from({ length: wanted }, (_, index) => {
        const some = cases.filter(
          ({ kind, scenario }) =>
            kind === kinds[index % 4] && scenario === scenarios[Math.floor(index / 4) % 3]
        )
        return some[(index * 3 + 2) % some.length] as Interruption
      })
}

let bench: Bench
let traces = ""
beforeAll(async () => {
  traces = mkdtempSync(join(tmpdir(), "fabrik-traces-"))
  bench = await startBench({
    slots: 3,
    versions: ["first", "second"],
    // Long enough for each of its states to be seen in one of the polls of a busy machine.
    latency: { queue: "1 second", build: "300 millis", statusRefresh: "50 millis", deleteJob: "50 millis" }
  })
})
afterAll(() => {
  bench?.stop()
  rmSync(traces, { recursive: true, force: true })
})

// oxlint-disable-next-line no-control-regex
const plain = (text: string): string => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "")

const words = (text: string): string => plain(text).replace(/\s+/g, " ")

const acknowledged = /interrupted(: rolling back)?, again to quit at once/

/** What was said after the signal, without events. */
const aftermath = (text: string): string => {
  const lines = plain(text).split("\n")
  const from = lines.findIndex((line) => acknowledged.test(line))
  return words(
    lines
      .slice(from + 1)
      .filter((line) => !line.startsWith("{"))
      .join(" ")
  )
}

/** The command that a message says to run next. */
const commandIn = (text: string): string | undefined =>
  /(?:Next|Or try again): (fabrik recover.*?)(?: puts things in order\.|$)/m.exec(
    plain(text).replaceAll("\r", "")
  )?.[1]

/** What differs between two worlds, in the words in which fabrik speaks of it. */
const differences = (before: World, after: World): ReadonlyArray<string> => {
  const applications = (world: World) =>
    world.coolify.applications.map(({ variables: _, ...application }) => application)
  const variables = (world: World) => world.coolify.applications.map((application) => application.variables)
  const parts: ReadonlyArray<readonly [string, (world: World) => unknown]> = [
    ["project", (world) => world.coolify.projects],
    ["application|settings", applications],
    ["variables|application", variables],
    ["record", (world) => world.zones]
  ]
  return parts.flatMap(([name, part]) =>
    JSON.stringify(part(before)) === JSON.stringify(part(after)) ? [] : [name]
  )
}

/** It is all as the command wants it. */
const expectDone = async (it: Case, scenario: Scenario, nothing: World) =>
  scenario === "a destroy" ? it.expectSame(nothing) : it.expectVersion(it.version())

/** The world is what the exit code says, and so are the words. */
const expectTruth = async (
  it: Case,
  { kind, scenario }: Interruption,
  ended: { readonly code: number | null; readonly said: string },
  before: World,
  nothing: World
) => {
  const { code, said } = ended
  switch (code) {
    case 0:
      // It had come to its end before the signal came.
      return expectDone(it, scenario, nothing)
    case kind.code:
      assert.deepStrictEqual(it.openJournals(), [], "I1: a journal is open")
      return it.expectSame(before)
    case 11:
    case 12: {
      for (const what of differences(before, await it.ours())) {
        assert.match(aftermath(said), new RegExp(`(left:|done:|- ) ?(${what})`), `I7: ${what} is not told`)
      }
      const command = commandIn(said)
      const again = aftermath(said).includes("Run the command again")
        ? ["fabrik", ...it.words("destroy")].join(" ")
        : undefined
      assert.isDefined(command ?? again, `I8: no command is printed: ${plain(said)}`)
      const after = await it.runLine(command ?? again ?? "")
      assert.strictEqual(after.code, 0, `I8: ${command}: ${after.stderr}`)
      assert.deepStrictEqual(it.openJournals(), [], "I1: a journal is open")
      // Which of the two was decided before it ended.
      return JSON.stringify(await it.ours()) === JSON.stringify(before)
        ? it.expectSame(before)
        : expectDone(it, scenario, nothing)
    }
    default:
      assert.fail(`I7: it ended with ${code}: ${plain(said)}`)
  }
}

/** Nothing that fabrik asks for from now on is answered. */
const silence = (it: Case) =>
  it.slot.hand.control("POST", "/faults", { rules: ["coolify * * hang", "dns * * hang"] })

const interrupted = async (it: Case, interruption: Interruption) => {
  const { kind, moment: at, scenario, terminal } = interruption
  const nothing = await it.ours()
  it.write("first")
  if (scenario !== "a first apply") expectCode(await it.apply(), 0)
  const before = await it.ours()
  const secrets = it.secrets()
  if (scenario === "an update") it.write("second")
  if (scenario === "an update that fails") it.write("unhealthy")

  const args = it.words(scenario === "a destroy" ? "destroy" : "apply")
  const trace = join(traces, it.project)
  const hangUp = terminal && kind.signal === "SIGHUP"
  const running = it.begin(terminal ? args : [...args, "--json"], {
    trace,
    ...(terminal
      ? {
          terminal: (command: string) =>
            // The shell outlives the signal that the terminal gives to both, and shows what was made of the terminal.
            hangUp
              ? `stty cols 80; exec ${command}`
              : `trap : INT; stty cols 80; ${command}; trap "" INT; stty -a`
        }
      : {})
  })
  const reached = await running.until((said) => (terminal ? at.text.test(plain(said)) : at.json.test(said)))
  assert.isTrue(reached, `it never came to ${at.name}: ${plain(running.said())}`)
  const pid = await eventually("its id", () =>
    readTrace(trace)
      .flatMap((entry) => (entry.kind === "start" ? [entry.pid] : []))
      .at(0)
  )
  const strike = () => {
    if (hangUp) running.child.kill("SIGKILL")
    else if (terminal && kind.signal === "SIGINT") running.child.stdin?.write("\u0003")
    else if (terminal) process.kill(pid, kind.signal)
    else running.child.kill(kind.signal)
  }
  if (kind.twice) await silence(it)
  const struck = Date.now()
  strike()
  let again = 0
  if (!hangUp && (await running.until((said) => acknowledged.test(words(said))))) {
    // Far less than anything that it waits for.
    assert.isBelow(Date.now() - struck, 10_000, "it did not say at once that it had heard")
    if (kind.twice) {
      again = Date.now()
      strike()
    }
  }
  const { code } = await eventually("its exit", () => readTrace(trace).find((entry) => entry.kind === "exit"))
  const exit = readTrace(trace).find((entry) => entry.kind === "exit")
  const said = hangUp
    ? running.said()
    : await running.ended.then(({ stderr, stdout }) => `${stdout}\n${stderr}`)
  if (kind.twice) await it.slot.hand.control("DELETE", "/faults")
  if (again > 0) {
    assert.isBelow((exit?.time ?? 0) - again, 1000, "the second signal did not end it at once")
  }
  if (terminal && !hangUp) {
    for (const mode of ["icanon", "echo", "isig"]) {
      assert.match(said, new RegExp(`(?<!-)\\b${mode}\\b`), `the terminal is left without ${mode}`)
    }
    assert.isAtLeast(
      said.lastIndexOf("\u001b[?25h"),
      said.lastIndexOf("\u001b[?25l"),
      "the cursor is left hidden"
    )
  }
  if (hangUp) {
    // Nobody reads what it says.
    assert.include([0, 11, 129], code)
    await (code === 0 ? expectDone(it, scenario, nothing) : code === 129 ? it.expectSame(before) : it.ours())
  } else {
    await expectTruth(it, interruption, { code, said }, before, nothing)
  }
  assert.strictEqual(it.secrets().includes(secrets) || secrets === "", true, "I9: a secret has changed")
  if (scenario === "an update that fails") it.write("first")
  if (code !== 0 || scenario === "a destroy") expectCode(await it.apply(), 0)
  await it.expectVersion(it.version())
  await it.expectConverged(it.version())
}

const nameOf = ({ kind, moment: { name }, scenario, terminal }: Interruption): string =>
  `${scenario}, ${kind.name} at ${name}, ${terminal ? "on a terminal" : "through pipes"}`

describe("interrupted", () => {
  for (const terminal of [false, true]) {
    it.skipIf(terminal && !hasScript)(
      terminal ? "on a terminal (needs `script` of util-linux)" : "through pipes",
      async () => {
        const cases = chosen(terminal)
        await bench.each(cases, nameOf, interrupted)
        note({
          suite: `signals: ${terminal ? "on a terminal" : "through pipes"}`,
          runs: cases.length,
          invariants: "I1 I2 I3 I6 I7 I8 I9"
        })
      },
      3_600_000
    )
  }
})
