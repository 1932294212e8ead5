/** `fly.toml`. Facts: fly.io/docs/reference/configuration, and what flyctl takes of older versions (`[[services]]`). */
import type { Cursor } from "./Cursor.ts"
import { completeCommand } from "./Dockerfile.ts"
import type { Draft } from "./Draft.ts"
import { chosen, type Group, readPlaces } from "./FlyPlaces.ts"
import { besideOf, builtFrom, draftOf, type Job, secondsOf } from "./Input.ts"
import { variableAt } from "./Plain.ts"

export const readFly = (job: Job): undefined => {
  const { input, root } = job
  const name = root.key("app").text() ?? input.folder
  const processes = root.key("processes").pairs()
  for (const one of root.key("processes").items()) one.leave("it names no command")
  const names = processes.length === 0 ? ["app"] : processes.map((one) => one.name)
  const web = webGroup(root) ?? names[0] ?? "app"
  const ordered = names.toSorted((a, b) => Number(b === web) - Number(a === web))
  const groups = ordered.map((group): Group => {
    const command = processes.find((one) => one.name === group)
    const draft = draftOf(job, group === web ? name : `${name}-${group}`, names.length > 1 ? name : undefined)
    return { name: group, draft, command: command?.for(draft) }
  })
  job.processes.push(...groups)
  const [main] = groups
  if (main === undefined) return undefined
  const whole = root.for(main.draft)
  for (const group of groups) readBuild(job, whole, group)
  readPlaces(job, whole, groups)
  readEnvironment(whole, groups)
  readVolumes(whole, groups)
  readMachines(whole, groups)
  readRest(job, whole, groups)
  readRelease(job, whole, groups)
  return undefined
}

/** The first group that a service leads to. */
const webGroup = (root: Cursor): string | undefined =>
  [root.key("http_service"), ...root.key("services").items()].flatMap((one) =>
    one
      .key("processes")
      .items()
      .map((group) => group.peek())
  )[0]

const readBuild = (job: Job, root: Cursor, { command, draft }: Group): void => {
  const build = root.key("build")
  build.pairs()
  build.key("ignorefile").leave("Docker looks for `.dockerignore` alone: call it that", "source")
  const image = build.key("image")
  if (image.exists) draft.put("source", "image", image.text(), image)
  else {
    const dockerfile = build.key("dockerfile")
    const path = dockerfile.text() ?? "Dockerfile"
    const builders = [build.key("builder"), build.key("buildpacks")].filter((one) => one.exists)
    for (const one of builders) one.leave("Coolify builds with nixpacks in the place of buildpacks", "source")
    builtFrom(job, draft, {
      from: dockerfile.exists ? dockerfile : build.exists ? build : root.key("app"),
      ...(builders.length === 0
        ? { dockerfile: { path, from: dockerfile.exists ? dockerfile : root.key("app") } }
        : { buildPack: "nixpacks" })
    })
    for (const arg of build.key("args").pairs()) {
      variableAt(draft, arg.name, arg)
      const known = draft.at("build", "env")
      draft.put("build", "env", [...(Array.isArray(known) ? known : []), arg.name])
    }
    for (const key of ["build-target", "target"]) {
      const target = build.key(key)
      draft.put("build", "target", target.text(), target)
    }
  }
  const text = command?.text()
  if (text !== undefined && command !== undefined) draft.set("command", text, command)
  else readWords(draft, root.key("experimental"))
}

/** What is started in the place of the image's own, each a list of words. */
const readWords = (draft: Draft, experimental: Cursor): void => {
  const words = ["entrypoint", "cmd"].flatMap((key) => experimental.key(key).items())
  const last = words.at(-1)
  if (last !== undefined)
    draft.set(
      "command",
      words.map((word) => word.text() ?? ""),
      last
    )
}

/** After everything else, as it needs a command. */
const readRelease = (job: Job, root: Cursor, groups: ReadonlyArray<Group>): void => {
  const deploy = root.key("deploy")
  deploy.pairs()
  const release = deploy.key("release_command")
  const dockerfile = root.key("build").key("dockerfile").peek() ?? "Dockerfile"
  const [main] = groups
  if (release.peek() === "") release.take()
  else if (release.exists && main !== undefined) main.draft.set("release", release.text() ?? "", release)
  for (const { command, draft } of groups)
    if (draft.at("source", "buildPack") !== "nixpacks")
      completeCommand(job, draft, dockerfile, command ?? release)
  const strategy = deploy.key("strategy")
  if (["rolling", "bluegreen", "canary"].includes(strategy.peek() ?? "")) {
    strategy.needless("fabrik takes a new version over only once it works")
  } else strategy.leave("fabrik takes a new version over only once it works")
  for (const key of ["release_command_timeout", "release_command_vm", "wait_timeout", "max_unavailable"])
    deploy.key(key).leave("fabrik has its own pace: there is one container, and it waits for the deployment")
}

const readEnvironment = (root: Cursor, groups: ReadonlyArray<Group>): void => {
  for (const one of root.key("env").pairs()) for (const { draft } of groups) variableAt(draft, one.name, one)
}

const readVolumes = (root: Cursor, groups: ReadonlyArray<Group>): void => {
  const mounts = root.key("mounts")
  for (const mount of mounts.kind === "Pairs" ? [mounts] : mounts.items()) {
    const [source, target] = [mount.key("source"), mount.key("destination")]
    const [holder, ...others] = chosen(mount, groups)
    const volume = `${source.text() ?? "data"}:${target.text() ?? ""}`
    holder?.draft.add("volumes", volume, target)
    for (const { name } of others)
      mount.leave(`${name} does not get this volume: an application's volumes are its own`, "volumes")
    for (const key of [
      "initial_size",
      "snapshot_retention",
      "auto_extend_size_threshold",
      "auto_extend_size_increment",
      "auto_extend_size_limit",
      "scheduled_snapshots"
    ])
      mount
        .key(key)
        .leave(
          "a volume of Docker's has no size of its own and no snapshots: back up the server's disk",
          "volumes"
        )
  }
}

/** Machines have sizes by name: fly.io/docs/about/pricing, in MB for each processor. */
const sizes = /^(shared|performance)(?:-cpu)?-(\d+)x$/

const readMachines = (root: Cursor, groups: ReadonlyArray<Group>): void => {
  const all = root.key("vm")
  for (const vm of all.kind === "Pairs" ? [all] : all.items()) {
    const [size, memory, megabytes, cpus] = ["size", "memory", "memory_mb", "cpus"].map((key) => vm.key(key))
    if (size === undefined || memory === undefined || megabytes === undefined || cpus === undefined) continue
    const [whole, kind, count = "1"] = sizes.exec(size.peek() ?? "") ?? []
    if (whole === undefined) size.leave("this size is not known: write `resources`", "resources")
    const own = whole === undefined ? undefined : `${Number(count) * (kind === "performance" ? 2048 : 256)}M`
    if (memory.exists) megabytes.leave("the memory is given twice, and `memory` is taken", "resources")
    const given = memory.text() ?? megabytes.text() ?? own
    const amount = /^\d+$/.test(given ?? "") ? `${given}M` : given
    const from = memory.exists ? memory : megabytes.exists ? megabytes : size
    const number = cpus.text() ?? (whole === undefined ? undefined : count)
    if (memory.exists && cpus.exists) size.needless("`memory` and `cpus` say it", "resources")
    size.text()
    for (const { draft } of chosen(vm, groups)) {
      draft.put("resources", "memory", amount, from)
      draft.put("resources", "cpus", number, cpus.exists ? cpus : size)
    }
    const shared = vm.key("cpu_kind")
    if (shared.peek() === "shared")
      shared.needless("the processors of a server are shared by all on it", "resources")
    else shared.leave("the processors of a server are shared by all on it", "resources")
    for (const key of ["gpu_kind", "gpus", "kernel_args", "host_dedication_id", "persist_rootfs"])
      vm.key(key).leave("Coolify has no machines: what the server has stands in its own settings")
  }
}

const readRest = (job: Job, root: Cursor, groups: ReadonlyArray<Group>): void => {
  root.key("primary_region").leave("it runs where the server is: `server` names one of Coolify's")
  const signal = root.key("kill_signal")
  if (signal.peek() === "SIGTERM") signal.needless("as Docker stops a container")
  else signal.leave("Docker sends SIGTERM: write `STOPSIGNAL` into the Dockerfile", "stopGracePeriod")
  const timeout = root.key("kill_timeout")
  const seconds = secondsOf(timeout.text())
  for (const { draft } of groups) draft.set("stopGracePeriod", seconds, timeout)
  root.key("console_command").leave("it is for `fly console` alone")
  for (const one of root.key("statics").items()) one.leave("the application serves its files itself")
  for (const key of ["metrics", "swap_size_mb"]) root.key(key).leave("Coolify has nothing of the kind")
  for (const one of root.key("experimental").pairs())
    if (!["entrypoint", "cmd", "exec"].includes(one.name)) one.leave("Coolify has nothing of the kind")
  for (const one of root.key("files").items()) {
    const [path, raw, local] = [one.key("guest_path"), one.key("raw_value"), one.key("local_path")]
    const name = (local.peek() ?? "").replace(/^\.\//, "")
    const text = local.exists && !/^(?:\.\.|[/~])/.test(name) ? besideOf(job, name) : undefined
    if (text !== undefined) {
      for (const { draft } of groups) draft.put("files", path.text() ?? "", `./${name}`, local)
      local.take()
      if (job.input.self !== `./${job.input.base}`) job.copies.push({ file: name, text })
      continue
    }
    if (!raw.exists) {
      one.leave("put the file beside the spec, and name it under `files`", "files")
      continue
    }
    const target = path.text() ?? ""
    const content = Buffer.from(raw.text() ?? "", "base64").toString("utf8")
    for (const { draft } of groups) draft.put("files", target, { content }, raw)
  }
  const restart = root.key("restart")
  for (const one of restart.kind === "Pairs" ? [restart] : restart.items())
    if (one.key("policy").peek() === "never") one.leave("Coolify restarts what exits")
    else one.needless("Coolify restarts what exits")
}
