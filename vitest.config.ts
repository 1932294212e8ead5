import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/BuildFolder.ts"],
    // Much of the time goes into waiting for processes and sockets: on two cores four files are seldom in each other's way.
    maxWorkers: 4,
    minWorkers: 1,
    // Only for what hangs: no test is about how fast the machine is, and under load everything takes many times as long.
    testTimeout: 180_000,
    hookTimeout: 180_000
  }
})
