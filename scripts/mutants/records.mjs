/** What a run that is kept must not do to the run, nor tell wrongly; see run.mjs. */
const tests = ["test/cli/RunRecords.test.ts"]

export const records = [
  {
    name: "records: events are kept without secrets",
    file: "src/cli/RunRecords.ts",
    find: "const hidden = hide(text)",
    put: "const hidden = text",
    tests
  },
  {
    name: "records: so is the summary",
    file: "src/cli/RunRecords.ts",
    find: 'typeof value === "string" ? hide(value) : value',
    put: "value",
    tests
  },
  {
    name: "records: an interrupted run waits for its record",
    file: "src/cli/RunRecords.ts",
    find: "          yield* Fiber.await(writer)\n",
    put: "",
    tests
  },
  {
    name: "records: no link is followed",
    file: "src/state/RunFiles.ts",
    find: "    await demandFolder(runs)\n",
    put: "",
    tests
  },
  {
    name: "records: a run that may be under way is not pushed out",
    file: "src/state/RunFiles.ts",
    find: "    if (ended === null && now - began < longestRun) continue\n",
    put: "",
    tests
  },
  {
    name: "records: a run that was killed is not said to run",
    file: "src/cli/KeptRuns.ts",
    find: 'held ? "running"',
    put: 'held || !held ? "running"',
    tests
  }
]
