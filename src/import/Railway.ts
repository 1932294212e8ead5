/** `railway.json` and `railway.toml`. Facts: docs.railway.com/reference/config-as-code. */
import type { Cursor } from "./Cursor.ts"
import { completeCommand } from "./Dockerfile.ts"
import type { Draft } from "./Draft.ts"
import { answersAt, builtFrom, checkedAt, draftOf, type Job } from "./Input.ts"
import { variableAt } from "./Plain.ts"

export const readRailway = (job: Job): undefined => {
  const { input, root } = job
  const draft = draftOf(job, root.key("name").text() ?? input.folder, undefined)
  const whole = root.for(draft)
  whole.key("$schema").needless("it is for editors")
  const deploy = whole.key("deploy")
  deploy.pairs()
  const [start, release] = [deploy.key("startCommand"), deploy.key("preDeployCommand")]
  const cron = deploy.key("cronSchedule")
  const waits = cron.peek() !== undefined && start.peek() !== undefined
  if (waits) waitFor(draft, cron, start)
  else draft.set("command", start.text(), start)
  const [line, ...more] = release.items()
  if (line !== undefined) draft.set("release", line.text() ?? "", line)
  for (const one of more) one.leave("a release is one line: join them with &&", "release")
  if (waits) draft.set("domain", "none")
  else {
    answersAt(job, draft, [])
    draft.set("port", 8080)
    draft.put("env", "PORT", "8080")
    draft.comment("port", "Railway chooses it; the application finds it in PORT.")
  }
  readBuild(job, draft, whole, start.exists ? start : release)
  const path = deploy.key("healthcheckPath")
  if (path.exists) checkedAt(draft, [["path", path.text(), path]])
  deploy
    .key("healthcheckTimeout")
    .leave("how long is waited is `healthcheck.retries` times `healthcheck.interval`", "healthcheck")
  for (const key of ["restartPolicyType", "restartPolicyMaxRetries"]) {
    const policy = deploy.key(key)
    if (policy.peek()?.toUpperCase() === "NEVER") policy.leave("Coolify restarts what exits")
    else policy.needless("Coolify restarts what exits, ten times", "command")
  }
  const count = deploy.key("numReplicas")
  if (count.peek() === "1") count.needless("Coolify runs one container of an application")
  else count.leave("Coolify runs one container of an application")
  const drain = deploy.key("drainingSeconds")
  if (drain.exists) draft.set("stopGracePeriod", Number(drain.text() ?? 30), drain)
  if (!waits) {
    cron.leave(
      "Coolify runs commands in the container of an application that runs: write it under `schedules` of that one",
      "schedules"
    )
  }
  readLimits(draft, deploy.key("limitOverride").key("containers"))
  const mount = deploy.key("requiredMountPath")
  if (mount.exists) draft.add("volumes", `data:${mount.text() ?? ""}`, mount)
  deploy.key("overlapSeconds").leave("an old version goes once the new one has its place")
  const sleep = deploy.key("sleepApplication")
  if (sleep.peek() === "false") sleep.needless("Coolify keeps it running")
  else sleep.leave("Coolify has no scale to zero: it is always on")
  for (const key of ["region", "multiRegionConfig"])
    deploy.key(key).leave("it runs where the server is: `server` names one of Coolify's")
  for (const key of ["runtime", "ipv6EgressEnabled", "useLegacyStacker"])
    deploy.key(key).needless("it is for Railway's own machines")
  whole.key("environments").leave("each environment is a spec of its own")
  return undefined
}

/** The command runs in a container that does nothing but wait for it. */
const waitFor = (draft: Draft, cron: Cursor, start: Cursor): void => {
  draft.put("schedules", "job", { cron: cron.text() ?? "", command: start.text() ?? "" }, cron)
  draft.set("command", "tail -f /dev/null", start)
  draft.comment(
    "command",
    "Coolify runs the commands of `schedules` in a container that runs: this one waits for them."
  )
}

const readLimits = (draft: Draft, limits: Cursor): void => {
  const [cpu, memory] = [limits.key("cpu"), limits.key("memoryBytes")]
  draft.put("resources", "cpus", cpu.text(), cpu)
  const bytes = Number(memory.text() ?? Number.NaN)
  if (Number.isFinite(bytes)) draft.put("resources", "memory", `${Math.ceil(bytes / 1024 ** 2)}M`, memory)
}

const packs: Readonly<Record<string, string>> = {
  NIXPACKS: "nixpacks",
  RAILPACK: "railpack",
  DOCKERFILE: "dockerfile"
}

const readBuild = (job: Job, draft: Draft, root: Cursor, from: Cursor): void => {
  const build = root.key("build")
  build.pairs()
  const [builder, dockerfile, command] = [
    build.key("builder"),
    build.key("dockerfilePath"),
    build.key("buildCommand")
  ]
  const pack = packs[builder.peek()?.toUpperCase() ?? "RAILPACK"] ?? "nixpacks"
  if (packs[builder.peek()?.toUpperCase() ?? "RAILPACK"] === undefined)
    builder.leave("Coolify builds with nixpacks, railpack or a Dockerfile", "source")
  else builder.text()
  builtFrom(job, draft, {
    from: builder.exists ? builder : root,
    fromRoot: true,
    ...(pack === "dockerfile" || dockerfile.peek() !== undefined
      ? {
          dockerfile: {
            path: dockerfile.text() ?? "Dockerfile",
            from: dockerfile.exists ? dockerfile : builder
          }
        }
      : { buildPack: pack })
  })
  dockerfile.text()
  draft.put("build", "command", command.text(), command)
  for (const arg of build.key("buildArgs").pairs()) {
    variableAt(draft, arg.name, arg)
    const known = draft.at("build", "env")
    draft.put("build", "env", [...(Array.isArray(known) ? known : []), arg.name])
  }
  for (const key of ["nixpacksPlan", "nixpacksConfigPath", "nixpacksVersion", "railpackVersion"])
    build
      .key(key)
      .leave("Coolify has its own version of it, which reads the files of the repository", "build")
  build.key("buildEnvironment").needless("it is for Railway's own machines")
  build.key("watchPatterns").leave("Coolify deploys each push to the branch", "source")
  if (pack === "dockerfile") completeCommand(job, draft, dockerfile.peek() ?? "Dockerfile", from)
}
