/** Kamal's `config/deploy.yml`, version 2 and what is left of 1. Facts: kamal-deploy.org/docs/configuration. */
import { readAccessory } from "./KamalAccessory.ts"
import {
  type KamalFile,
  leaveHost,
  readOptions,
  readVariable,
  readVariables,
  textOf,
  volumesOf
} from "./KamalParts.ts"
import { ranges } from "../appspec/Limits.ts"
import { readProxy } from "./KamalProxy.ts"
import type { Cursor } from "./Cursor.ts"
import { completeCommand } from "./Dockerfile.ts"
import type { Draft } from "./Draft.ts"
import type { Erb } from "./Erb.ts"
import { builtFrom, checkedAt, draftOf, type Job, secondsOf, within } from "./Input.ts"

interface Role {
  readonly name: string
  readonly draft: Draft
  readonly cursor: Cursor | undefined
}

export const readKamal = (job: Job, erb: Erb): undefined => {
  const { input, reading, root } = job
  const service = textOf(root.key("service"), erb) ?? input.folder
  const file: KamalFile = { job, erb, service, volumes: new Map() }
  const servers = root.key("servers")
  const named = servers.kind === "Pairs" ? servers.pairs() : []
  const main = root.key("primary_role").text() ?? "web"
  const ordered = named.toSorted((a, b) => Number(b.name === main) - Number(a.name === main))
  const accessories = root.key("accessories").pairs()
  const project = ordered.length + accessories.length > 1 ? service : undefined
  const roles: ReadonlyArray<Role> =
    ordered.length === 0
      ? [{ name: main, draft: draftOf(job, service, project), cursor: undefined }]
      : ordered.map((cursor, index) => {
          const draft = draftOf(job, index === 0 ? service : `${service}-${cursor.name}`, project)
          return { name: cursor.name, draft, cursor: cursor.for(draft) }
        })
  job.processes.push(...roles)
  const [first] = roles
  if (first === undefined) return undefined
  const whole = root.for(first.draft)
  for (const { column, line } of erb.code)
    reading.leave({ line, column }, "", "Ruby code is not run", first.draft)
  for (const host of servers.items()) leaveHost(host)
  for (const role of roles) readRole(file, whole, role, role.name === main)
  for (const accessory of accessories) readAccessory(file, accessory, project)
  readRest(whole)
  return undefined
}

const readRole = (file: KamalFile, root: Cursor, { cursor, draft, name }: Role, isMain: boolean): void => {
  const { erb, job } = file
  const image = root.key("image")
  image.needless("Coolify builds it from the repository, and pushes it to no registry", "source")
  readBuilder(job, root.key("builder"), image, draft, erb)
  if (cursor?.kind === "Items" || cursor?.kind === "Leaf") for (const host of cursor.items()) leaveHost(host)
  for (const key of ["hosts", "host"]) for (const host of cursor?.key(key).items() ?? []) leaveHost(host)
  const command = cursor?.key("cmd")
  if (command?.exists === true) draft.set("command", textOf(command, erb), command)
  const own = cursor?.key("proxy")
  const isProxied = own?.peek() !== "false" && (isMain || own?.exists === true)
  if (own?.kind === "Leaf") own.take()
  if (isProxied) readProxy(job, own?.kind === "Pairs" ? own : root.key("proxy"), draft, erb, isMain)
  else draft.set("domain", "none")
  readVariables(file, draft, root.key("env"))
  if (cursor !== undefined) readVariables(file, draft, cursor.key("env"))
  volumesOf(file, draft, root.key("volumes"))
  if (cursor !== undefined) readOptions(draft, cursor.key("options"), erb)
  for (const key of ["labels", "logging", "asset_path", "tags"])
    cursor?.key(key).leave("Coolify has its own labels and logs")
  if (isMain) readOldCheck(root.key("healthcheck"), draft)
  const stop = cursor?.key("stop_wait_time")
  const ofAll = root.has("drain_timeout") ? root.key("drain_timeout") : root.key("stop_wait_time")
  ofAll.text()
  const grace = stop?.exists === true ? stop : ofAll
  draft.set("stopGracePeriod", secondsOf(grace.text()), grace)
  completeCommand(job, draft, root.key("builder").key("dockerfile").peek() ?? "Dockerfile", command ?? image)
  if (name !== "web" && command?.exists !== true && !isMain)
    cursor?.warn("it has no `cmd`, so it starts what the image starts", "command")
}

const readBuilder = (job: Job, builder: Cursor, image: Cursor, draft: Draft, erb: Erb): void => {
  builder.pairs()
  const [dockerfile, context, target] = [
    builder.key("dockerfile"),
    builder.key("context"),
    builder.key("target")
  ]
  // Kamal is started at the root of the repository, wherever its configuration lies.
  builtFrom(job, draft, {
    from: image,
    context: context.exists ? context : undefined,
    dockerfile: {
      path: textOf(dockerfile, erb) ?? "Dockerfile",
      from: dockerfile.exists ? dockerfile : image
    },
    fromRoot: true
  })
  draft.put("build", "target", textOf(target, erb), target)
  const reads: Array<string> = []
  for (const arg of builder.key("args").pairs()) {
    readVariable(draft, arg, erb)
    reads.push(arg.name)
  }
  for (const one of builder.key("secrets").items()) {
    const name = one.text() ?? ""
    draft.put("secrets", name, "required", one)
    reads.push(name)
  }
  if (reads.length > 0) draft.put("build", "env", reads)
  for (const key of ["arch", "multiarch", "remote", "local", "cache", "driver", "provenance", "sbom"])
    builder.key(key).needless("Coolify builds on its own server", "source")
  for (const key of ["ssh", "pack"]) builder.key(key).leave("Coolify's build is given no such thing", "build")
}

/** Of version 1. */
const readOldCheck = (check: Cursor, draft: Draft): void => {
  if (!check.exists) return
  const [path, interval, command, port] = ["path", "interval", "cmd", "port"].map((key) => check.key(key))
  if (path === undefined || interval === undefined || command === undefined) return
  if (port?.exists === true) draft.set("port", Number(port.text() ?? 3000), port)
  if (command.exists) draft.put("healthcheck", "command", command.text(), command)
  for (const key of ["exposed_port", "log_lines", "cord"])
    check.key(key).needless("it is for kamal itself", "healthcheck")
  const every = secondsOf(interval.text())
  checkedAt(draft, [["path", path.text(), path]])
  if (every !== undefined)
    draft.put("healthcheck", "interval", within(every, 1, ranges.interval.max), interval)
  const [attempts, retries] = [check.key("max_attempts"), check.key("retries")]
  const count = Number((attempts.exists ? attempts : retries).text() ?? Number.NaN)
  if (Number.isInteger(count)) draft.put("healthcheck", "retries", within(count, 1, 100), attempts)
}

const readRest = (root: Cursor): void => {
  root.key("registry").needless("Coolify builds on its own server, and pushes to no registry", "source")
  root.key("ssh").needless("Coolify knows how to reach its servers")
  root.key("sshkit").needless("Coolify knows how to reach its servers")
  root.key("aliases").needless("they are commands of kamal's own")
  root
    .key("asset_path")
    .leave(
      "Coolify keeps no files of the version before: serve them from elsewhere, or let old pages load anew"
    )
  root.key("traefik").leave("Coolify has a proxy of its own")
  root.key("boot").needless("there is one container")
  root.key("retain_containers").leave("how many images are kept is a setting of the server in Coolify")
  for (const key of [
    "minimum_version",
    "require_destination",
    "run_directory",
    "hooks_path",
    "secrets_path",
    "allow_empty_roles",
    "error_pages_path",
    "readiness_delay",
    "deploy_timeout"
  ])
    root.key(key).leave("it is for kamal itself")
  root.key("labels").leave("Coolify labels what it manages itself")
  root.key("logging").leave("Coolify keeps the logs by Docker's settings of the server")
  for (const one of root.pairs()) if (one.name.startsWith("x-")) one.take()
}
