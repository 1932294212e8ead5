import { defineConfig } from "vitest/config"

/** Folders whose suites start no `fabrik` of its own and leave nothing behind in their process. */
const light = [
  "appspec",
  "coolify",
  "dns",
  "docs",
  "engine",
  "health",
  "http",
  "import",
  "orchestrator",
  "sandbox",
  "secrets",
  "state",
  "ui"
].map((folder) => `test/${folder}/**/*.test.ts`)

/** The pipeline over the sockets of a sandbox in the same process. */
const e2e = ["test/e2e/**/*.test.ts"]

// Loading the modules anew for each of a hundred files, and warming them up, takes longer than their tests.
const inOneProcess = { forks: { isolate: false, singleFork: true } }

const shared = {
  globalSetup: ["test/support/BuildFolder.ts"],
  // Only for what hangs: no test is about how fast the machine is, and under load everything takes many times as long.
  testTimeout: 600_000,
  hookTimeout: 600_000
}

export default defineConfig({
  test: {
    // Much of the time goes into waiting for processes and sockets: on two cores four files are seldom in each other's way.
    maxWorkers: 4,
    minWorkers: 1,
    projects: [
      {
        test: {
          ...shared,
          name: "light",
          include: light,
          poolOptions: inOneProcess
        }
      },
      { test: { ...shared, name: "e2e", include: e2e, poolOptions: inOneProcess } },
      { test: { ...shared, name: "whole", include: ["test/**/*.test.ts"], exclude: [...light, ...e2e] } }
    ]
  }
})
