/**
 * Binds the HTTP client's journal to the run, and says of each write in the clients' terms what it is about. A write that
 * is not described here is written down by the HTTP client all the same, by its address.
 */
import type * as Context from "effect/Context"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { type CoolifyError, writeErrors as coolifyErrors } from "../coolify/CoolifyError.ts"
import * as Coolify from "../coolify/Doing.ts"
import * as Dns from "../dns/Doing.ts"
import { DnsClient, type RecordSet } from "../dns/DnsClient.ts"
import { type DnsError, writeErrors as dnsErrors } from "../dns/DnsError.ts"
import { Pace } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"
import { HttpObserver } from "../http/HttpSettings.ts"
import { journaled, RequestJournal } from "../http/RequestJournal.ts"

/** What answered for itself has decided; nothing more comes of it than what is on its way already. */
const afterAnswer = Duration.seconds(5)

/**
 * The run's journal as the HTTP client writes it. What was sent and not refused is counted in the ledger, as that alone
 * tells whether anything can have changed; until when an unanswered request may take effect is noted in the run.
 */
const requestJournal = (
  { journal, lateUntil, ledger }: Context.Tag.Service<Run>,
  lateEffects: Duration.Duration
): typeof RequestJournal.Service => ({
  // In words, as whoever settles the run reads them.
  sending: (method, what) => journal.sending(Dns.doingOf(Coolify.doingOf(method)), what),
  answered: (id, fate) =>
    Effect.gen(function* () {
      if (fate === "refused") return yield* journal.answered(id, fate)
      yield* Ref.update(ledger, (before) => ({ ...before, touched: before.touched + 1 }))
      if (fate === "done") return yield* journal.answered(id, fate)
      const late = fate === "unknown" ? Duration.min(afterAnswer, lateEffects) : lateEffects
      const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(late)
      yield* Ref.update(lateUntil, (before) => Math.max(before, until))
      yield* journal.answered(id, "unknown")
    })
})

/** Lets an effect use the clients of its surroundings through the run's journal, and tells what they wait for. */
export const withJournaledClients = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const run = yield* Run
    const { emit } = run
    const { lateEffects } = yield* Pace
    const coolify = describedCoolify(yield* CoolifyClient)
    const dns = describedDns(yield* DnsClient)
    return yield* effect.pipe(
      Effect.provideService(CoolifyClient, coolify),
      Effect.provideService(DnsClient, dns),
      Effect.provideService(RequestJournal, requestJournal(run, lateEffects)),
      Effect.provideService(HttpObserver, {
        onRetry: ({ api, method, reason, delayMillis }) =>
          emit({ _tag: "Retrying", what: `${api} ${method}`, why: reason, delayMillis, api, method }),
        onAway: (absence) => emit({ _tag: "ApiAway", ...absence }),
        onBack: (absence) => emit({ _tag: "ApiBack", ...absence }),
        onSpaced: (spacing) => emit({ _tag: "RequestsSpaced", ...spacing })
      })
    )
  })

const describedCoolify = (client: Context.Tag.Service<CoolifyClient>): Context.Tag.Service<CoolifyClient> => {
  const write = <A>(method: string, what: string, request: Effect.Effect<A, CoolifyError>) =>
    journaled(coolifyErrors, { method, what }, request)
  return {
    ...client,
    projects: {
      ...client.projects,
      create: (project) => write("createProject", project.name, client.projects.create(project)),
      remove: (uuid) => write("deleteProject", uuid, client.projects.remove(uuid))
    },
    environments: {
      ...client.environments,
      create: (project, name) =>
        write("createEnvironment", `${project} ${name}`, client.environments.create(project, name)),
      update: (project, name, to) =>
        write(
          "updateEnvironment",
          `${project} ${name} ${to.name}`,
          client.environments.update(project, name, to)
        ),
      remove: (project, name) =>
        write("deleteEnvironment", `${project} ${name}`, client.environments.remove(project, name))
    },
    applications: {
      ...client.applications,
      create: (application) =>
        write("createApplication", application.name, client.applications.create(application)),
      update: (uuid, patch, current) =>
        write(
          "updateApplication",
          `${uuid} ${Object.keys(patch).join(",")}`,
          client.applications.update(uuid, patch, current)
        ),
      remove: (uuid, options) => write("deleteApplication", uuid, client.applications.remove(uuid, options)),
      stop: (uuid) => write("stopApplication", uuid, client.applications.stop(uuid))
    },
    variables: {
      ...client.variables,
      put: (uuid, variables) =>
        write(
          "putVariables",
          `${uuid} ${variables.map(({ key }) => key).join(",")}`,
          client.variables.put(uuid, variables)
        ),
      remove: (uuid, variable) =>
        write("deleteVariable", `${uuid} ${variable}`, client.variables.remove(uuid, variable))
    },
    storages: {
      ...client.storages,
      create: (uuid, storage) =>
        write("createStorage", `${uuid} ${storage.name}`, client.storages.create(uuid, storage)),
      update: (uuid, storage, to) =>
        write("updateStorage", `${uuid} ${storage}`, client.storages.update(uuid, storage, to)),
      remove: (uuid, storage) =>
        write("deleteStorage", `${uuid} ${storage}`, client.storages.remove(uuid, storage)),
      createFile: (uuid, file) =>
        write("createFile", `${uuid} ${file.mountPath}`, client.storages.createFile(uuid, file)),
      removeFile: (uuid, file) =>
        write("deleteFile", `${uuid} ${file.mountPath}`, client.storages.removeFile(uuid, file))
    },
    scheduledTasks: {
      ...client.scheduledTasks,
      create: (uuid, task) =>
        write("createScheduledTask", `${uuid} ${task.name}`, client.scheduledTasks.create(uuid, task)),
      update: (uuid, task, to) =>
        write("updateScheduledTask", `${uuid} ${task}`, client.scheduledTasks.update(uuid, task, to)),
      remove: (uuid, task) =>
        write("deleteScheduledTask", `${uuid} ${task}`, client.scheduledTasks.remove(uuid, task))
    },
    databases: {
      ...client.databases,
      create: (database) => write("createDatabase", database.name, client.databases.create(database)),
      update: (uuid, patch) => write("updateDatabase", uuid, client.databases.update(uuid, patch)),
      start: (uuid) => write("startDatabase", uuid, client.databases.start(uuid)),
      stop: (uuid) => write("stopDatabase", uuid, client.databases.stop(uuid)),
      remove: (uuid, options) => write("deleteDatabase", uuid, client.databases.remove(uuid, options))
    },
    services: {
      ...client.services,
      start: (uuid) => write("startService", uuid, client.services.start(uuid)),
      stop: (uuid) => write("stopService", uuid, client.services.stop(uuid))
    },
    backups: {
      ...client.backups,
      create: (uuid, backup) => write("createBackup", uuid, client.backups.create(uuid, backup)),
      update: (uuid, backup, to) =>
        write("updateBackup", `${uuid} ${backup}`, client.backups.update(uuid, backup, to)),
      remove: (uuid, backup) =>
        write("deleteBackup", `${uuid} ${backup}`, client.backups.remove(uuid, backup))
    },
    deployments: {
      ...client.deployments,
      start: (uuid, options) => write("deploy", uuid, client.deployments.start(uuid, options)),
      restart: (uuid) => write("restartApplication", uuid, client.deployments.restart(uuid)),
      deployCommit: (uuid, commit) =>
        write("deployCommit", `${uuid} ${commit}`, client.deployments.deployCommit(uuid, commit)),
      cancel: (uuid) => write("cancelDeployment", uuid, client.deployments.cancel(uuid))
    }
  }
}

/** A record is put or removed by reading, writing and reading back: one entry, which ends with what was seen. */
const describedDns = (client: Context.Tag.Service<DnsClient>): Context.Tag.Service<DnsClient> => {
  const errors = dnsErrors(client.provider)
  const write = (
    method: string,
    { name, type }: RecordSet,
    request: Effect.Effect<void, DnsError>
  ): Effect.Effect<void, DnsError> => journaled(errors, { method, what: `${name} ${type}` }, request)
  return {
    ...client,
    put: (zone, recordSet, expected) => write("put", recordSet, client.put(zone, recordSet, expected)),
    remove: (zone, expected) => write("remove", expected, client.remove(zone, expected))
  }
}
