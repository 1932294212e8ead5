/** The protections of a state that machines share; see run.mjs. */
const tests = ["test/reliability/TeamState.test.ts"]

export const team = [
  {
    name: "team: what is written under an earlier epoch is refused",
    file: "src/state/postgres/SharedJournals.ts",
    find: "AND epoch = $2::bigint AND held FOR SHARE),",
    put: "AND epoch >= $2::bigint AND held FOR SHARE),",
    tests
  },
  {
    name: "team: a lock that another has had since is not taken up again",
    file: "src/state/postgres/Locks.ts",
    find: "if (taken && ours.length > 0) return",
    put: "if (taken || ours.length >= 0) return",
    tests
  },
  {
    name: "team: a secret is sealed for its place",
    file: "src/state/postgres/Sealing.ts",
    find: 'cipher.setAAD(Buffer.from(place, "utf8"))\n        const body = Buffer.concat([cipher.update(Redacted',
    put: "const body = Buffer.concat([cipher.update(Redacted",
    find2: 'cipher.setAAD(Buffer.from(place, "utf8"))\n        cipher.setAuthTag',
    put2: "cipher.setAuthTag",
    tests
  },
  {
    name: "team: the key is the one that the state was begun with",
    file: "src/state/postgres/Session.ts",
    find: 'sealing.unseal(proofPlace, state.proof)._tag === "None"',
    put: "state.proof.length === 0",
    tests
  },
  {
    name: "team: a journal of another Coolify is not this one's",
    file: "src/state/postgres/SharedJournals.ts",
    find: "told.some((server) => own.includes(server))",
    put: "told.length >= own.length",
    tests
  },
  {
    name: "team: one process does not take its lock twice",
    file: "src/state/postgres/Locks.ts",
    find: "if (all.has(name)) return",
    put: 'if (name === "") return',
    tests
  },
  {
    name: "a run that has lost its lock undoes nothing",
    file: "src/engine/RunJournal.ts",
    find: '({ reason }) => reason !== "Lost"',
    put: '({ reason }) => reason !== "Older"',
    tests: ["test/orchestrator/LostLock.test.ts"]
  },
  {
    name: "a run that has lost its lock forgets nothing",
    file: "src/engine/RunJournal.ts",
    find: 'if (closed.left.reason === "Lost") return',
    put: 'if (closed.left.reason === "Older") return',
    tests: ["test/orchestrator/LostLock.test.ts"]
  },
  {
    name: "the time in Coolify's queue is the run's",
    file: "src/engine/Stopwatch.ts",
    find: "const waited = (yield* stopwatch.millis) - counted",
    put: "const waited = 0 * counted",
    tests: ["test/orchestrator/Queue.test.ts"]
  },
  {
    name: "who has the old key still writes",
    file: "src/state/postgres/SharedTexts.ts",
    find: "WHERE proof = decode($4, 'hex') FOR SHARE",
    put: "WHERE $4::text IS NOT NULL",
    tests
  },
  {
    name: "the key is changed while somebody is at work",
    file: "src/state/postgres/Rekey.ts",
    find: "if (held !== undefined) {",
    put: 'if (held?.holder === "") {',
    tests
  },
  {
    name: "a read that is under way answers who came later",
    file: "src/coolify/GatheredReads.ts",
    find: "Effect.zipRight(Ref.set(next, undefined), read)",
    put: "Effect.zipLeft(read, Ref.set(next, undefined))",
    tests: ["test/coolify/GatheredReads.test.ts"]
  }
]
