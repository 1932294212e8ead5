import { BaseSequencer, type TestSpecification } from "vitest/node"
import { defineConfig } from "vitest/config"

/** The suites that start processes, or wait for sockets: what they leave of the processor is for the others. */
const isLong = ({ moduleId }: TestSpecification): boolean =>
  /\/test\/(?:cli\/|e2e\/|fleet\/|reliability\/|dns\/Contract)/.test(moduleId)

/** Begins with the suites that take longest, so that none of them is left to run alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)))
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/BuildFolder.ts"],
    // Only for what hangs: no test is about how fast the machine is, and under load everything takes many times as long.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Loading the modules anew for each of two hundred files, and warming them up, takes longer than their tests: a file
    // leaves nothing behind in its process.
    pool: "forks",
    isolate: false,
    // A tenth of the time went into small collections of what Effect makes and drops.
    poolOptions: { forks: { execArgv: ["--max-semi-space-size=64"] } },
    // Much of the time goes into waiting for processes and sockets: on two cores six files are seldom in each other's way.
    maxWorkers: 6,
    // None is ended before the last file: tinypool tells one that idles to end twice over, and the run fails of it.
    minWorkers: 6,
    sequence: { sequencer: LongestFirst }
  }
})
