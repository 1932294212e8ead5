/**
 * The sandbox answers what a real Coolify was asked with the same status, shape and texts. What differs stands in a
 * table with its reason; a reason that excuses nothing any more fails.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Difference, isRecorded, replay } from "./Recording.ts"

interface Excuse {
  readonly reason: string
  readonly endpoint?: RegExp
  readonly exchange?: RegExp
  readonly kinds?: ReadonlyArray<Difference["kind"]>
  readonly field?: RegExp
}

const excuses: ReadonlyArray<Excuse> = [
  // Not there yet.
  { reason: "not there yet: backups of volumes", endpoint: /storages\/\{id\}\/backups/ },
  {
    reason: "a file that is named by its row's number, which is another here",
    exchange: /^storages (53|63)$/
  },
  {
    reason: "a volume with a backup schedule is not deleted there",
    exchange: /^storages (139|147)$/
  },
  { reason: "of one-click services only those are here whose text is recorded", exchange: /^services 23$/ },
  {
    reason: "variables of services and databases come in the order of their last write there",
    endpoint: /^GET \/(services|databases)\/\{id\}\/envs$/,
    kinds: ["null"]
  },
  {
    reason: "a service starts and stops within seconds here, and its queue stood still there",
    exchange: /^services (84|85|108|177)$/
  },
  {
    reason: "not there yet: storages, tags and logs of databases",
    endpoint: /\/databases\/\{id\}\/(storages|tags|logs)/
  },
  {
    reason: "backup schedules are listed in another order there",
    endpoint: /backups$/,
    kinds: ["null"],
    field: /databases_to_backup$/
  },
  {
    reason: "the lists of databases are in another order there",
    endpoint: /^GET \/databases$/
  },
  { reason: "not there yet: a database by /deploy", exchange: /^databases (229|278)$/ },
  { reason: "not there yet: moving a database", endpoint: /\/databases\/\{id\}\/move$/ },
  {
    reason: "a database starts, stops and goes within a second here",
    exchange: /^databases (189|237|238|313)$/
  },
  { reason: "when a database was started is told of some", kinds: ["null"], field: /^started_at$/ },
  {
    reason: "not there yet: shared variables",
    endpoint: /\/(team|servers\/\{id\}|projects\/\{id\}(\/environments\/production)?)\/envs/
  },
  { reason: "not there yet: renaming a tag", endpoint: /^PATCH \/tags/ },
  { reason: "not there yet: previews", endpoint: /\/previews/ },
  { reason: "not there yet: clone, migrate, more destinations", endpoint: /\/(clone|migrate|destinations)$/ },
  { reason: "not there yet: apps of GitLab", endpoint: /gitlab-apps/ },
  { reason: "not there yet: notifications", endpoint: /notifications/ },
  {
    reason: "not there yet: a server's own settings",
    endpoint:
      /^PATCH \/servers|\/servers\/\{id\}\/(proxy|docker-cleanup|sentinel|cloudflare-tunnel|log-drains)/
  },
  {
    reason: "not there yet: a limit of the queue that the API sets",
    exchange: /^deployments 1(0[5-9]|1[0-7])$/
  },
  {
    reason: "no scheduled task is run here",
    endpoint: /scheduled-tasks\/\{id\}\/executions$/,
    kinds: ["length"]
  },
  // Other data.
  {
    reason: "the recorded instance held more than the recording made",
    endpoint: /GET \/(applications|projects|resources|servers|tags)(?!.*scheduled-tasks)/,
    kinds: ["length"]
  },
  {
    reason: "texts that people had given the recorded instance",
    kinds: ["null"],
    field: /(^|\.)description$|validation_logs$/
  },
  {
    reason: "settings of applications that were made outside of the recording",
    kinds: ["null"],
    endpoint: /GET \/(applications|deployments|resources|projects\/\{id\}\/production)/,
    field:
      /(command|run_options|limits_cpuset|network_aliases|ports_mappings|health_check_port|fqdn|dockerfile|image_name|image_tag|dockerfile_location|source_id|source_type|private_key_id|commit_message)$/
  },
  {
    reason: "the target environment's id is in no answer before",
    endpoint: /\/move$/,
    kinds: ["status"]
  },
  { reason: "an application that the recording tells nothing of", exchange: /^(settings 278|misc 253)$/ },
  { reason: "the text of the key is not in the recording", exchange: /^misc 140$/ },
  // Time.
  {
    reason: "a deployment takes a second here and up to a minute there",
    kinds: ["null"],
    field: /(current_process_id|horizon_job_id|horizon_job_worker|finished_at|configuration_hash|logs)$/
  },
  { reason: "a compose file in a repository is read within a second here", exchange: /^compose-app [36]$/ },
  {
    reason: "a deployment was over here before it was cancelled or asked for again",
    exchange: /^deployments (7|8|15|17|22|30|35)$/
  },
  {
    reason: "the list of deployments is an object or a list as rows were written",
    endpoint: /^GET \/deployments$/
  },
  // Not run here.
  { reason: "nothing is built here: no images are left to go back to", endpoint: /rollback-images$/ },
  { reason: "secrets for webhooks are made only there", kinds: ["null"], field: /manual_webhook_secret_/ },
  { reason: "labels of nothing are no text here", kinds: ["null"], field: /custom_labels$/ },
  { reason: "the whole server is read with each resource there", endpoint: /^GET \/resources/ },
  { reason: "what a container prints is its own", endpoint: /\/logs$/ },
  { reason: "the request's type of content is not in the recording", exchange: /^misc 262$/ }
]

const isExcused = (difference: Difference, excuse: Excuse): boolean =>
  (excuse.endpoint?.test(difference.endpoint) ?? true) &&
  (excuse.exchange?.test(difference.exchange) ?? true) &&
  (excuse.field?.test(difference.field) ?? true) &&
  (excuse.kinds?.includes(difference.kind) ?? true)

const areas = [
  "values",
  "settings",
  "deployments",
  "misc",
  "storages",
  "databases",
  "services",
  "compose-app"
]

if (!isRecorded) process.stderr.write("Recorded: skipped, there is no recording beside the project\n")

describe.skipIf(!isRecorded)("what a real Coolify answered", () => {
  it.scoped("the sandbox answers too, but for what has a reason", () =>
    Effect.gen(function* () {
      const replays = yield* Effect.forEach(areas, (area) => Effect.scoped(replay(area)))
      const differences = replays.flatMap((one) => one.differences)
      const reasonOf = (difference: Difference) =>
        excuses.find((excuse) => isExcused(difference, excuse))?.reason
      const unexcused = differences.filter((one) => reasonOf(one) === undefined)
      assert.deepStrictEqual(unexcused, [])
      const used = new Map<string, Set<string>>()
      for (const one of differences) {
        const reason = reasonOf(one) ?? ""
        used.set(reason, (used.get(reason) ?? new Set()).add(one.exchange))
      }
      assert.deepStrictEqual(
        excuses.map(({ reason }) => reason).filter((reason) => !used.has(reason)),
        [],
        "reasons for nothing"
      )
      const count = replays.reduce((sum, one) => sum + one.count, 0)
      const differing = new Set(differences.map(({ exchange }) => exchange)).size
      process.stderr.write(
        [
          `${count} exchanges: ${count - differing} equal, ${differing} differ with a reason`,
          ...[...used].map(([reason, exchanges]) => `  ${exchanges.size} ${reason}`),
          ""
        ].join("\n")
      )
    })
  )
})
