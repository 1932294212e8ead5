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
    name: "batch: what has rested is carried out as it was shown, or not at all",
    file: "src/orchestrator/Look.ts",
    find: "look.reviewed && !isAsShown",
    put: "!look.reviewed && !isAsShown",
    tests: ["test/orchestrator/Rest.test.ts"]
  },
  {
    name: "batch: what has rested is left to another run that has changed it since",
    file: "src/orchestrator/Look.ts",
    find: "  yield* refuseOthers(name, look.stood, now.stood)\n",
    put: "",
    tests: ["test/orchestrator/Rest.test.ts"]
  },
  {
    name: "batch: what is as it should be is not looked at twice",
    file: "src/orchestrator/Apply.ts",
    find: "options.look?.idle ?? (yield*",
    put: "(yield*",
    tests: ["test/orchestrator/Rest.test.ts"]
  },
  {
    name: "batch: a turn that was given to one who is gone is the next one's",
    file: "src/orchestrator/Turns.ts",
    find: "(waiting.delete(own) ? Effect.void : release)",
    put: "(waiting.delete(own) ? Effect.void : Effect.void)",
    tests: ["test/orchestrator/Turns.test.ts"]
  },
  {
    name: "batch: what the plans have in common is read once",
    file: "src/coolify/SharedReads.ts",
    find: "return either(inventories(place), Effect.flatten(Scope.extend(latest(place), scope)))",
    put: "return client.environments.inventory(project, environment)",
    tests
  },
  {
    name: "batch: two specs at one address",
    file: "src/appspec/Batch.ts",
    find: "    ...sharedSites(subjects),\n",
    put: "",
    tests: ["test/appspec/Batch.test.ts"]
  },
  {
    name: "processes: stand or fall together",
    file: "src/orchestrator/Batch.ts",
    find: "[index, ...together].includes(other.index)",
    put: "[index].includes(other.index)",
    tests: ["test/orchestrator/Processes.test.ts"]
  },
  {
    name: "processes: a later one gets the value that the others have",
    file: "src/orchestrator/steps/ResolveSecrets.ts",
    find: "own.some(isOpen) ? yield* readSiblings(world.siblings) : []",
    put: "[]",
    tests: ["test/orchestrator/Processes.test.ts"]
  },
  {
    name: "processes: two values are nobody's choice",
    file: "src/orchestrator/steps/ResolveSecrets.ts",
    find: "  if (other !== undefined) {\n",
    put: "  if (other === undefined) {\n",
    tests: ["test/orchestrator/Processes.test.ts"]
  },
  {
    name: "processes: the application of another spec is no former process",
    file: "src/orchestrator/FormerProcesses.ts",
    find: "(mark.of !== family && mark.key !== family)",
    put: "(mark.of === family && mark.key === family)",
    tests: ["test/orchestrator/Processes.test.ts"]
  },
  {
    name: "processes: a database is made once",
    file: "src/appspec/Processes.ts",
    find: 'if (entry.key === "databases") return used(entry, spec)',
    put: "",
    tests: ["test/appspec/Processes.test.ts"]
  }
]
