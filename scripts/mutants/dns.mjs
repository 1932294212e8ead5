// Mutants of what keeps other people's records and fabrik's own apart; see run.mjs.
export const dns = [
  {
    name: "that only what was proven at the server may wait for the world",
    file: "src/health/AwaitHealthy.ts",
    find: "const proven = proofs >= 2 && seen?.waits === true",
    put: "const proven = seen?.waits === true",
    tests: ["test/orchestrator/Pending.test.ts"]
  },
  {
    name: "that only what all name servers answer right may wait for the world",
    file: "src/orchestrator/steps/Verify.ts",
    find: "seenRight.includes(siteOf(domain).host)",
    put: "seenRight.length < 100",
    tests: ["test/orchestrator/Pending.test.ts"]
  },
  {
    name: "the further records that a spec still has, when others of its go",
    file: "src/orchestrator/ObserveDns.ts",
    find: "!kept.some((one) => one.name === name && one.type === type)",
    put: "kept.length < 100",
    tests: ["test/orchestrator/Records.test.ts"]
  },
  {
    name: "what is known of further records while DNS is left alone",
    file: "src/orchestrator/FurtherRecords.ts",
    find: "had.filter(isNote)",
    put: "[]",
    tests: ["test/orchestrator/Records.test.ts"]
  },
  {
    name: "the refusal of a record that cannot stand beside the domain's own",
    file: "src/orchestrator/ReconcileRecords.ts",
    find: "if (rival === undefined || !further) continue",
    put: "if (rival !== undefined || !further) continue",
    tests: ["test/orchestrator/Records.test.ts"]
  },
  {
    name: "one removal where two records take the place of another",
    file: "src/orchestrator/ReconcileRecords.ts",
    find: "!gone.has(`${one.name} ${one.type}`)",
    put: "!gone.has(one.name)",
    tests: ["test/orchestrator/Records.test.ts"]
  },
  {
    name: "a mark that holds for the values it was made for",
    file: "src/dns/records/Marks.ts",
    find: "return made === wanted && comment !== undefined ? [comment] : []",
    put: "return comment !== undefined ? [comment] : []",
    tests: ["test/dns/records/Providers.test.ts"]
  },
  {
    name: "putting back the half of a change that came through",
    file: "src/dns/records/Client.ts",
    find: 'if (failure !== undefined && failure.reason !== "Conflict" && isPart) {',
    put: "if (failure === undefined && isPart) {",
    tests: ["test/dns/Contract.test.ts"]
  },
  {
    name: "the mark of a change that came to nothing",
    file: "src/dns/records/Client.ts",
    find: "if (api.tidy === undefined) return yield* failure",
    put: "if (api.tidy !== undefined) return yield* failure",
    tests: ["test/dns/Contract.test.ts"]
  },
  {
    name: "the signature of a name server's answer",
    file: "src/dns/rfc2136/Rfc2136.ts",
    find: "if (!genuine && rcode === 0) {",
    put: "if (!genuine && rcode === 1000) {",
    tests: ["test/dns/rfc2136/Rfc2136.test.ts"]
  },
  {
    name: "the time of a name server's answer",
    file: "src/dns/rfc2136/Tsig.ts",
    find: "if (!same || Math.abs(nowSeconds - tsig.seconds) > tsig.fudge) return false",
    put: "if (!same) return false",
    tests: ["test/dns/rfc2136/Rfc2136.test.ts"]
  },
  {
    name: "rows of a whole zone that changed meanwhile",
    file: "src/dns/namecheap/Namecheap.ts",
    find: "sorted(after.rows.filter((row) => !ours(row))) !== sorted(others)",
    put: "false",
    tests: ["test/dns/records/Providers.test.ts"]
  },
  {
    name: "two accounts with the same zone",
    file: "src/dns/SeveralAccounts.ts",
    find: "if (twin === undefined) return holder\n",
    put: "if (holder !== twin) return holder\n",
    tests: ["test/dns/DnsConfig.test.ts"]
  },
  {
    name: "the mark of a record that was confirmed and not made",
    file: "src/dns/records/Client.ts",
    find: "return yield* failTidily(method, zone, subject, why)",
    put: "return yield* why",
    tests: ["test/dns/FaultGroups.test.ts"]
  },
  {
    name: "labels of a record set that is made anew",
    file: "src/dns/hetzner/Hetzner.ts",
    find: "...(labels === undefined ? {} : { labels })",
    put: "...(labels === null ? { labels } : {})",
    tests: ["test/dns/Contract.test.ts"]
  },
  {
    name: "a resolver that fails for more than signatures",
    file: "src/dns/AuthoritativeDnsLive.ts",
    find: "return Option.exists(unchecked, isSound) ? formatServer(resolver) : undefined",
    put: "return Option.isSome(unchecked) ? formatServer(resolver) : undefined",
    tests: ["test/dns/AuthoritativeDnsLive.test.ts"]
  }
]
