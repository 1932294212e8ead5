/** The protections against what other machines and late requests do; see run.mjs. */
export const machines = [
  {
    name: "the look for what takes effect late",
    file: "src/orchestrator/Transaction.ts",
    find: "    if (!Exit.isSuccess(exit)) yield* lookForLate\n",
    put: "",
    tests: ["test/orchestrator/Late.test.ts"]
  },
  {
    name: "the look for runs of other machines before a journal is undone",
    file: "src/orchestrator/Overtaken.ts",
    find: "const other = standings.find((one) => !known.has(one.run))",
    put: "const other = standings.find(() => false)",
    tests: ["test/reliability/Machines.test.ts"]
  },
  {
    name: "the look for runs of other machines before a failed run is undone",
    file: "src/orchestrator/Overtaken.ts",
    find: "(one) => !runs.has(one.run) && (uuid ?? one.uuid) === one.uuid",
    put: "() => false",
    tests: ["test/orchestrator/Overtaken.test.ts"]
  },
  {
    name: "the journal of another Coolify that a destroy meets",
    file: "src/orchestrator/Destroy.ts",
    find: "if (run.journal.before !== undefined) yield* refuseOtherInstance(run.journal.before)",
    put: "",
    tests: ["test/orchestrator/Apply.test.ts"]
  },
  {
    name: "the Coolify that a destroy's journal is bound to",
    file: "src/orchestrator/Destroy.ts",
    find: "...(yield* someServer(doomed)),",
    put: "",
    tests: ["test/orchestrator/Apply.test.ts"]
  },
  {
    name: "the owner of a journal that is looked at",
    file: "src/cli/commands/Recover.ts",
    find: "yield* overtaken(name, spec, now).pipe(\n      Effect.provideService(Owner, owner),",
    put: "yield* overtaken(name, spec, now).pipe(",
    tests: ["test/cli/Standing.test.ts"]
  }
]
