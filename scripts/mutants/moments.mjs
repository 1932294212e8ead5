// What holds while a real Coolify has a bad moment; see run.mjs.

export const moments = [
  {
    name: "the backups of another database with the same number",
    file: "src/coolify/endpoints/Backups.ts",
    find: ".filter((row) => isOf(engine, row.database_type))",
    put: ".filter((row) => isOf(engine, row.database_type) || engine !== undefined)",
    tests: ["test/orchestrator/Backups.test.ts"]
  },
  {
    name: "the word that a backup is not sent to S3",
    file: "src/coolify/endpoints/Backups.ts",
    find: "? { save_s3: false }",
    put: "? {}",
    tests: ["test/orchestrator/Backups.test.ts"]
  },
  {
    name: "the files of backups in an undo",
    file: "src/kinds/Backup.ts",
    find: "?? 0) > 0) {",
    put: "?? 0) < 0) {",
    tests: ["test/orchestrator/Backups.test.ts"]
  },
  {
    name: "the way back to another S3 storage",
    file: "src/kinds/Backup.ts",
    find: "&& !isMoved",
    put: "",
    tests: ["test/orchestrator/Backups.test.ts"]
  },
  {
    name: "the schedules that somebody else has made",
    file: "src/kinds/Schedule.ts",
    find: "const gone = others.filter(isOurs)",
    put: "const gone = others.filter(() => isOurs !== undefined)",
    tests: ["test/e2e/Schedules.test.ts"]
  },
  {
    name: "the refusal of two schedules of one name",
    file: "src/kinds/Schedule.ts",
    find: "if (twice !== undefined) return",
    put: "if (twice === null) return",
    tests: ["test/e2e/Schedules.test.ts"]
  },
  {
    name: "the note of a schedule before it is made",
    file: "src/orchestrator/steps/AfterDeployment.ts",
    find: "  if (added.every((name) => current.has.includes(name))) return\n",
    put: "  if (added.length > -1) return\n",
    tests: ["test/e2e/Schedules.test.ts"]
  },
  {
    name: "what could not be taken away",
    file: "src/orchestrator/steps/ConfirmRelease.ts",
    find: "Effect.negate(remove)",
    put: "Effect.zipRight(remove, Effect.succeed(false))",
    tests: ["test/e2e/Schedules.test.ts"]
  },
  {
    name: "a deployment for the sake of a schedule",
    file: "src/orchestrator/Reconcile.ts",
    find: "!isLater(part) && part.changes.length > 0",
    put: "(isLater(part) || part.changes.length > 0)",
    tests: ["test/e2e/Schedules.test.ts"]
  },
  {
    name: "the variables that a build is not given",
    file: "src/orchestrator/Desired.ts",
    find: "boolean => build.env.includes(key)",
    put: "boolean => [build, key].length > 0",
    tests: ["test/orchestrator/Reconcile.test.ts"]
  },
  {
    name: "the refusal of a domain that another application holds",
    file: "src/orchestrator/ServedDomains.ts",
    find: "if (held === undefined) return",
    put: "if (held !== undefined) return",
    tests: ["test/orchestrator/Apply.test.ts"]
  },
  {
    name: "the proof of a replacement before it gets the domain",
    file: "src/orchestrator/steps/Deploy.ts",
    find: "  yield* proveBeside(uuid, spec.healthcheck)\n",
    put: "",
    tests: ["test/e2e/Availability.test.ts"]
  },
  {
    name: "the gap of an update that adds host ports",
    file: "src/orchestrator/RefuseEarly.ts",
    find: "stopsFirstWith(now, plain)",
    put: "stopsFirstWith(now, {})",
    tests: ["test/e2e/Settings.test.ts"]
  },
  {
    name: "the host ports that two applications cannot have",
    file: "src/kinds/Settings.ts",
    find: "return both.length === 0",
    put: "return both.length >= 0",
    tests: ["test/e2e/Settings.test.ts"]
  },
  {
    name: "the settings that somebody else has set",
    file: "src/kinds/Settings.ts",
    find: "(isGiven(setting) ? usual(setting) : before)",
    put: "(isGiven(setting) ? before : usual(setting))",
    tests: ["test/e2e/Settings.test.ts"]
  },
  {
    name: "the undo of each setting",
    file: "src/kinds/Application.ts",
    find: "  ...Object.keys(patch.plain ?? {})\n",
    put: "",
    tests: ["test/e2e/Settings.test.ts"]
  },
  {
    name: "the options that Coolify would find in a command",
    file: "src/appspec/ShellCommand.ts",
    find: "if (option !== undefined) {",
    put: "if (option === null) {",
    tests: ["test/appspec/ParseSpec.test.ts"]
  },
  {
    name: "what has no domain is to be seen running",
    file: "src/orchestrator/steps/Verify.ts",
    find: "if (domain === undefined) return yield* Effect.as(verifyRunning(verification), [])",
    put: "if (domain === undefined) return []",
    tests: ["test/e2e/Hosts.test.ts"]
  },
  {
    name: "the look at each domain",
    file: "src/orchestrator/steps/Verify.ts",
    find: "Effect.forEach(spec.domains, (host) =>",
    put: "Effect.forEach(spec.domains.slice(0, 1), (host) =>",
    tests: ["test/e2e/Hosts.test.ts"]
  },
  {
    name: "the domains that make the proxy's labels anew",
    file: "src/coolify/endpoints/ApplicationRequest.ts",
    find: " && patch.plain?.redirect === undefined",
    put: "",
    tests: ["test/e2e/Hosts.test.ts"]
  },
  {
    name: "the patience with an API that is away",
    file: "src/http/Retry.ts",
    find: "refusal.away ? presence.isAwaited : Effect.succeed(false)",
    put: "Effect.succeed(refusal.away && limit < 0)",
    tests: ["test/coolify/Retry.test.ts"]
  },
  {
    name: "the spacing of requests that run short",
    file: "src/coolify/Spacing.ts",
    find: "if (wait > 0) yield* Effect.sleep(wait)",
    put: "if (wait < 0) yield* Effect.sleep(wait)",
    tests: ["test/coolify/Spacing.test.ts"]
  },
  {
    name: "the turn of requests that run short in a shared budget",
    file: "src/state/postgres/SharedBudget.ts",
    find: 'WHEN scarce THEN least($2::int, "left", 1)',
    put: "WHEN scarce THEN $2::int",
    tests: ["test/reliability/SharedBudget.test.ts"]
  },
  {
    name: "the wait for a budget that is away",
    file: "src/coolify/SharedSpacing.ts",
    find: "awayUntil = (yield* Clock.currentTimeMillis) + rest",
    put: "awayUntil = undefined",
    tests: ["test/coolify/SharedSpacing.test.ts"]
  },
  {
    name: "the signals of a worker's jobs",
    file: "src/cli/Process.ts",
    find: 'process.env[ofWorker] === "1"',
    put: 'process.env[ofWorker] === ""',
    tests: ["test/reliability/Workers.test.ts"]
  },
  {
    name: "the folder that a killed worker has left",
    file: "src/cli/remote/JobFolder.ts",
    find: 'return worker === "dead" && !(yield* childLives(folder))',
    put: 'return worker === "dead" && (yield* childLives(folder))',
    tests: ["test/reliability/Workers.test.ts"]
  },
  {
    name: "the record that another application at the host needs",
    file: "src/orchestrator/SharedHosts.ts",
    find: "isAddressing(type) && others.includes(name)",
    put: "isAddressing(type) && others.includes(type)",
    tests: ["test/e2e/Hosts.test.ts"]
  },
  {
    name: "the look at a path of a host",
    file: "src/appspec/Domain.ts",
    find: 'path === "/" ? prefix || path : `${prefix}${path}`',
    put: "path",
    tests: ["test/e2e/Hosts.test.ts"]
  },
  {
    name: "the major version that a database keeps",
    file: "src/coolify/DatabaseFiles.ts",
    find: "from !== undefined && from === kinship(engine, other)",
    put: "from !== undefined && kinship(engine, other) !== undefined",
    tests: ["test/orchestrator/Databases.test.ts"]
  },
  {
    name: "the gap of a database that is stopped",
    file: "src/orchestrator/RefuseEarly.ts",
    find: "Effect.zipRight(refuseStops(observed), refuseGap(reconciliation))",
    put: "refuseGap(reconciliation)",
    tests: ["test/orchestrator/Databases.test.ts"]
  },
  {
    name: "the start of a database that was stopped for its image",
    file: "src/kinds/Database.ts",
    find: "live.image === image && (runs(live) || is !== true)",
    put: "live.image === image",
    tests: ["test/orchestrator/Databases.test.ts"]
  }
]
