/** The protections that every command has; see run.mjs. */
export const core = [
  {
    name: "the watch over whether an application stays up",
    file: "src/kinds/StaysUp.ts",
    find: "if (most >= tooOften) {",
    put: "if (most >= 1000) {",
    tests: ["test/orchestrator/StaysUp.test.ts"]
  },
  {
    name: "the look at Docker beside Coolify's count",
    file: "src/kinds/StaysUp.ts",
    find: "const most = Math.max(outside, counted, stopped)",
    put: "const most = Math.max(outside, counted)",
    tests: ["test/orchestrator/StaysUp.test.ts"]
  },
  {
    name: "what a destroy that failed had sent",
    file: "src/orchestrator/Destroy.ts",
    find: 'if (touched === 0) return yield* reportEnd("nothing-changed", null)',
    put: 'return yield* reportEnd("nothing-changed", null)',
    tests: ["test/cli/Endings.test.ts"]
  },
  {
    name: "the count of what was sent and not refused",
    file: "src/orchestrator/JournaledClients.ts",
    find: "touched: before.touched + 1",
    put: "touched: before.touched",
    tests: ["test/cli/Endings.test.ts"]
  },
  {
    name: "the exit code of commands that only read",
    file: "src/cli/Report.ts",
    find: "const code = reads ? ofReading(told) : told",
    put: "const code = told",
    tests: ["test/cli/Endings.test.ts"]
  },
  {
    name: "the journal's fsync",
    file: "src/state/FileJournals.ts",
    find: "if (sync) yield* handle.sync",
    put: "if (sync) yield* Effect.void",
    tests: ["test/state/FileJournals.test.ts"]
  },
  {
    name: "the fsync of a journal's folder",
    file: "src/state/FileJournals.ts",
    find: "    yield* syncDirectories\n    return opened",
    put: "    return opened",
    tests: ["test/state/FileJournals.test.ts"]
  },
  {
    name: "the room that is kept for undoing",
    file: "src/state/FileJournals.ts",
    find: "next.end + (reserved ? 0 : reserve) > size",
    put: "next.end > size",
    tests: ["test/state/FileJournals.test.ts"]
  },
  {
    name: "the refusal of a damaged journal",
    file: "src/state/JournalText.ts",
    find: "if (broken !== undefined || seq !== tail.seq + 1 || prev !== tail.sum)",
    put: "if (seq < 0)",
    tests: ["test/state/FileJournals.test.ts"]
  },
  {
    name: "the dropping of a torn last line",
    file: "src/state/JournalText.ts",
    find: "      broken ??= number\n      continue",
    put: "      return Either.left(number)",
    tests: ["test/state/FileJournals.test.ts"]
  },
  {
    name: "the sync of an intent before its request",
    file: "src/engine/RunJournal.ts",
    find: 'intend({ _tag: "Sending", id, method, what, at }, true)',
    put: 'intend({ _tag: "Sending", id, method, what }, false)',
    tests: ["test/orchestrator/JournaledClients.test.ts"]
  },
  {
    name: "the intent before a request",
    file: "src/http/RequestJournal.ts",
    find: "Effect.mapError(journal.sending(method, what), ({ message }) =>",
    put: "Effect.mapError(Effect.as(Effect.void, 0), ({ message }) =>",
    tests: ["test/http/RequestJournal.test.ts", "test/orchestrator/JournaledClients.test.ts"]
  },
  {
    name: "the entry of a write that no client describes",
    file: "src/http/Http.ts",
    find: "call.write && call.harmless !== true",
    put: 'call.write && call.harmless === undefined && call.method === ""',
    tests: ["test/http/RequestJournal.test.ts"]
  },
  {
    name: "the undo that is registered before its change",
    file: "src/engine/Rollback.ts",
    find: 'return yield* Effect.acquireReleaseInterruptible(\n      Effect.onExit(change, (exit) =>\n        Effect.zipRight(\n          Effect.zipRight(Ref.set(unknown, isUnknown(exit)), noteStanding(what, exit)),\n          run.emit({ _tag: "ChangeFinished", id, address, made: Exit.isSuccess(exit) })\n        )\n      ),\n      (exit) =>',
    put: "return yield* Effect.tap(change, () => Effect.addFinalizer((exit) =>",
    find2: "unlessKept(exit, runUndo(recorded, undoing, unknown))\n    )",
    put2: "unlessKept(exit, runUndo(recorded, undoing, unknown))\n    ))",
    tests: ["test/engine/Rollback.test.ts"]
  },
  {
    name: "the undo that keeps still after a success",
    file: "src/engine/Rollback.ts",
    find: "Effect.unless(undo, () => Exit.isSuccess(exit))",
    put: "undo",
    tests: ["test/engine/Rollback.test.ts"]
  },
  {
    name: "the undo that keeps still where a failure is to be left standing",
    file: "src/engine/Rollback.ts",
    find: "Effect.unlessEffect(Ref.get(kept)), ",
    put: "",
    tests: ["test/orchestrator/KeepFailed.test.ts"]
  },
  {
    name: "the bound on an undo that hangs",
    file: "src/engine/Rollback.ts",
    find: "Effect.timeoutFail({ duration, onTimeout: (): UndoFailure",
    put: 'Effect.timeoutFail({ duration: "1000 days", onTimeout: (): UndoFailure',
    tests: ["test/engine/Rollback.test.ts"]
  },
  {
    name: "the undo that no second thought cuts off",
    file: "src/engine/Rollback.ts",
    find: "Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join))",
    put: "Effect.interruptible(effect)",
    tests: ["test/engine/Rollback.test.ts"]
  },
  {
    name: "the look for what a lost answer may have made",
    file: "src/engine/Creation.ts",
    find: "id === undefined ? Effect.fail(error) : Effect.succeed(id)",
    put: "Effect.fail(error)",
    tests: ["test/orchestrator/Apply.test.ts", "test/orchestrator/Properties.test.ts"]
  },
  {
    name: "the end of the look for late effects",
    file: "src/engine/Late.ts",
    find: "Math.ceil(Math.min(wait, left))",
    put: "Math.min(wait, left)",
    tests: ["test/engine/Rollback.test.ts"]
  },
  {
    name: "the look before an undo deletes by its mark",
    file: "src/kinds/Application.ts",
    find: ".filter(({ description }) => Marker.parse(description)?.run === run)",
    put: ".filter(({ description }) => description !== run)",
    tests: ["test/reliability/Crash.test.ts"]
  },
  {
    name: "the look whether a record still is this run's",
    file: "src/kinds/Record.ts",
    find: "    ? Marker.parse(now.comment)?.run === run\n",
    put: "    ? now.comment !== run\n",
    tests: ["test/orchestrator/Apply.test.ts"]
  },
  {
    name: "the look whether a setting still is this run's",
    file: "src/engine/Kind.ts",
    find: 'after !== undefined && holds(live, "after")(field)',
    put: "after !== undefined",
    tests: ["test/orchestrator/Apply.test.ts"]
  },
  {
    name: "the decision to roll back that outlives its process",
    file: "src/orchestrator/Recover.ts",
    find: '  decision === "rolling back" ||\n',
    put: "",
    tests: ["test/reliability/Crash.test.ts"]
  },
  {
    name: "the taking over of what a killed run has changed",
    file: "src/orchestrator/Apply.ts",
    find: "    yield* takeOver(before)\n",
    put: "",
    tests: ["test/reliability/Crash.test.ts"]
  },
  {
    name: "the readings of a text in which a secret is escaped",
    file: "src/ui/Redactor.ts",
    find: "      ...decodedViews(text).flatMap(",
    put: '      ...decodedViews("").flatMap(',
    tests: ["test/ui/Redactor.test.ts"]
  },
  {
    name: "what stands behind a quote in a secret",
    file: "src/ui/SecretForms.ts",
    find: "=> [line, ...quoteParts(line)]",
    put: "=> [line]",
    tests: ["test/ui/Redactor.test.ts"]
  },
  {
    name: "the word that an update is not deployed yet",
    file: "src/orchestrator/Reconcile.ts",
    find: "const unconfirmed = current?.pending === true",
    put: "const unconfirmed = false",
    tests: ["test/reliability/Crash.test.ts"]
  },
  {
    name: "the refusal of a quote in a value",
    file: "src/coolify/VariableValue.ts",
    find: 'if (value.includes("\'"))',
    put: "if (false)",
    tests: ["test/coolify/VariableValue.test.ts"]
  },
  {
    name: "the refusal of a reference in JSON",
    file: "src/coolify/VariableValue.ts",
    find: "  if (expanded.test(value)) {",
    put: "  if (false) {",
    tests: ["test/coolify/VariableValue.test.ts"]
  },
  {
    name: "the refusal of blanks at the ends of a value",
    file: "src/coolify/VariableValue.ts",
    find: "  if (ends !== undefined) return ends\n",
    put: "",
    tests: ["test/coolify/VariableValue.test.ts"]
  },
  {
    name: "the refusal of a secret that would not arrive",
    file: "src/orchestrator/Reconcile.ts",
    find: "    yield* refuseValues(desired, writes.put)\n",
    put: "",
    tests: ["test/orchestrator/Reconcile.test.ts"]
  },
  {
    name: "the old values that an update keeps for later",
    file: "src/engine/Kind.ts",
    find: "    yield* secrets.keep(journal.id, sealed, Redacted.make(text))\n",
    put: "",
    tests: ["test/reliability/Crash.test.ts"]
  },
  {
    name: "the mark that tells ours from theirs",
    file: "src/kinds/DiffRecord.ts",
    find: "Marker.parse(recordSet.comment)?.key === key",
    put: "recordSet.comment !== key",
    tests: ["test/orchestrator/Reconcile.test.ts"]
  },
  {
    name: "the lock",
    file: "src/state/FileLock.ts",
    find: 'if (state === "alive") return',
    put: "if (false) return",
    tests: ["test/state/FileLock.test.ts"]
  },
  {
    name: "the write that is never sent twice",
    file: "src/http/Http.ts",
    find: "(answer.status >= 500 && !call.write)",
    put: "answer.status >= 500",
    tests: ["test/coolify/Retry.test.ts", "test/coolify/CoolifyHttp.test.ts"]
  },
  {
    name: "the token that no redirect gets",
    file: "src/http/Http.ts",
    find: '{ redirect: "manual" }',
    put: '{ redirect: "follow" }',
    tests: ["test/coolify/CoolifyHttp.test.ts", "test/coolify/HostileAnswers.test.ts"]
  },
  {
    name: "the limit of an answer's size",
    file: "src/http/JsonSieve.ts",
    find: 'if (out.length() > longest) fault ??= "full"',
    put: "",
    tests: ["test/http/JsonSieve.test.ts", "test/coolify/LargeAnswers.test.ts"]
  },
  {
    name: "the doubt about a text whose URLs were refused",
    file: "src/coolify/AnswerError.ts",
    find: "status === 422 || status === 409",
    put: "status === 422",
    tests: ["test/coolify/Services.test.ts"]
  },
  {
    name: "an empty list of URLs, which is a domain",
    file: "src/coolify/endpoints/Services.ts",
    find: "urls.length === 0",
    put: "urls.length < 0",
    tests: ["test/coolify/Services.test.ts"]
  },
  {
    name: "a service that is made and not started",
    file: "src/coolify/endpoints/Services.ts",
    find: "instant_deploy: false",
    put: "instant_deploy: true",
    tests: ["test/coolify/Services.test.ts", "test/coolify/LiveContract.test.ts"]
  },
  {
    name: "the form of an id that gets into a URL",
    file: "src/coolify/Transport.ts",
    find: "ids.some(([, id]) => !isUuid(id))",
    put: "ids.length < 0",
    tests: ["test/coolify/HostileAnswers.test.ts", "test/coolify/CoolifyHttp.test.ts"]
  },
  {
    name: "the secret that is taken out of an error",
    file: "src/http/Plain.ts",
    find: 'kept.replaceAll(secret, "[redacted]")',
    put: "kept",
    tests: ["test/coolify/HostileAnswers.test.ts", "test/coolify/CoolifyHttp.test.ts"]
  },
  {
    name: "the escape sequences that no log may bring",
    file: "src/ui/Sanitize.ts",
    find: 'line.replace(escapes, "").replace(c1Csi, "").replace(c1Strings, "")',
    put: "line",
    tests: ["test/ui/Sanitize.test.ts"]
  },
  {
    name: "the health path that stays on its host",
    file: "src/appspec/HealthPath.ts",
    find: '  if (path.includes("//")) return',
    put: "  if (path.length < 0) return",
    tests: ["test/appspec/HealthPath.test.ts"]
  },
  {
    name: "the link that no secret is read through",
    file: "src/secrets/SecretFiles.ts",
    find: 'if (yield* isLink) return yield* unsafe("is a symbolic link: name the file itself")',
    put: "",
    tests: ["test/secrets/FileSecretStore.test.ts"]
  },
  {
    name: "containers that the compose file in a repository does not have",
    file: "src/kinds/ComposeFile.ts",
    find: "if (unknown !== undefined) {",
    put: "if (unknown === undefined) {",
    tests: ["test/orchestrator/GitCompose.test.ts"]
  },
  {
    name: "the domain that Coolify keeps unless its container is named",
    file: "src/coolify/endpoints/ApplicationRequest.ts",
    find: "const all = urlsOf(wanted, before)",
    put: "const all = urlsOf(wanted, [])",
    tests: ["test/orchestrator/GitCompose.test.ts"]
  },
  {
    name: "a failed deployment of a compose file, whose old containers may be gone",
    file: "src/kinds/Release.ts",
    find: "if (isCompose(source)) return false",
    put: "",
    tests: ["test/orchestrator/GitCompose.test.ts"]
  },
  {
    name: "the commit that ran before an update of a branch",
    file: "src/kinds/Release.ts",
    find: "if (commit === undefined) return yield* follow()",
    put: "if (commit !== null) return yield* follow()",
    tests: ["test/e2e/Branches.test.ts"]
  },
  {
    name: "a failed deployment of what stops first, whose old container is gone",
    file: "src/kinds/Release.ts",
    find: "if (stopsFirst) yield* applications.logs(uuid, 1)",
    put: "",
    tests: ["test/e2e/Settings.test.ts"]
  },
  {
    name: "variables that were written since the last deployment",
    file: "src/orchestrator/PlanLines.ts",
    find: "isWritten(undeployed) || redeploy",
    put: "redeploy",
    tests: ["test/e2e/Undeployed.test.ts"]
  },
  {
    name: "values that a compose file in a repository would read once more",
    file: "src/orchestrator/steps/Provision.ts",
    find: "yield* refuseCompose(desired, yield* awaitComposeFile(uuid, desired.application))",
    put: "yield* awaitComposeFile(uuid, desired.application)",
    tests: ["test/orchestrator/GitCompose.test.ts"]
  },
  {
    name: "the switch without which no folder is served",
    file: "src/orchestrator/Settings.ts",
    find: 'build.publish === undefined ? undefined : "true"',
    put: "build.publish === undefined ? undefined : undefined",
    tests: ["test/orchestrator/StaticSites.test.ts"]
  },
  {
    name: "the registry that a refused pull names",
    file: "src/ui/LogCause.ts",
    find: "const registry = found === denied ? registryIn(text) : undefined",
    put: "const registry = undefined",
    tests: ["test/ui/LogCause.test.ts"]
  }
]
