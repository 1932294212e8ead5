/** What keeps several runs of one command from each other's failures; see run.mjs. */
const tests = ["test/orchestrator/Batch.test.ts"]

export const batches = [
  {
    name: "batch: what a spec needs is waited for",
    file: "src/orchestrator/Batch.ts",
    find: "Effect.map(Deferred.await(group.includes(other) ? other.stands : other.stays), (stands) => !stands)",
    put: "Effect.succeed(group.length < 0)",
    tests
  },
  {
    name: "batch: nothing is begun once one has failed",
    file: "src/orchestrator/Batch.ts",
    find: "        if (first === undefined) return true\n        yield* turn.leave\n",
    put: "        if (first !== undefined) return true\n        yield* turn.leave\n",
    tests
  },
  {
    name: "batch: nobody is asked where one of the plans cannot be made",
    file: "src/orchestrator/Batch.ts",
    find: "    if (first === undefined)\n      return yield* Deferred.succeed(decision",
    put: '    if (first !== "")\n      return yield* Deferred.succeed(decision',
    tests
  },
  {
    name: "batch: atomic runs wait for each other before anything is final",
    file: "src/orchestrator/Batch.ts",
    find: "groupOf(member).length > 1",
    put: "groupOf(member).length > 1 && options.plansOnly",
    tests
  },
  {
    name: "batch: the user of a database that is still to be made is planned later",
    file: "src/orchestrator/Batch.ts",
    find: 'kind === "database" && action === "create" && name === database',
    put: 'kind === "database" && action === "delete" && name === database',
    tests
  },
  {
    name: "batch: what the plans have in common is read once",
    file: "src/coolify/SharedReads.ts",
    find: "(isOpen) => (isOpen ? once : each)",
    put: "() => each",
    tests
  },
  {
    name: "batch: two specs at one address",
    file: "src/appspec/Batch.ts",
    find: "    ...sharedSites(subjects),\n",
    put: "",
    tests: ["test/appspec/Batch.test.ts"]
  }
]
