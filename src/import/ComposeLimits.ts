/** What a container may use, and how it is asked whether it works. */
import { probeOf, timesOf } from "./ComposeHealth.ts"
import type { Common } from "./ComposeVariables.ts"
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import { hasDomain, secondsOf } from "./Input.ts"

export const readLimits = (draft: Draft, service: Cursor): void => {
  const deploy = service.key("deploy")
  const limits = deploy.key("resources").key("limits")
  for (const memory of [service.key("mem_limit"), limits.key("memory")])
    draft.put("resources", "memory", memory.text(), memory)
  for (const cpus of [service.key("cpus"), limits.key("cpus")])
    draft.put("resources", "cpus", cpus.text(), cpus)
  deploy.key("resources").key("reservations").leave("Coolify sets limits, and reserves nothing", "resources")
  const replicas = deploy.key("replicas")
  if (replicas.peek() === "1") replicas.needless("Coolify runs one container of an application")
  else replicas.leave("Coolify runs one container of an application")
  deploy.key("restart_policy").needless("Coolify restarts what exits")
  const grace = service.key("stop_grace_period")
  draft.set("stopGracePeriod", secondsOf(grace.text()), grace)
  for (const [key, option] of [
    ["init", "--init"],
    ["privileged", "--privileged"]
  ] as const) {
    const flag = service.key(key)
    if (flag.peek() === "true") draft.add("runOptions", option, flag)
    flag.take()
  }
  for (const [key, option] of [
    ["cap_add", "--cap-add"],
    ["cap_drop", "--cap-drop"],
    ["devices", "--device"],
    ["security_opt", "--security-opt"],
    ["dns", "--dns"]
  ] as const)
    for (const one of service.key(key).items()) draft.add("runOptions", `${option}=${one.text() ?? ""}`, one)
  for (const [key, option] of [
    ["shm_size", "--shm-size"],
    ["hostname", "--hostname"]
  ] as const) {
    const one = service.key(key)
    if (one.exists) draft.add("runOptions", `${option}=${one.text() ?? ""}`, one)
  }
}

export const readHealth = ({ given }: Common, draft: Draft, service: Cursor): void => {
  const check = service.key("healthcheck")
  if (!check.exists) return
  const test = check.key("test")
  const isOff = check.key("disable").text() === "true" || test.items()[0]?.peek()?.toUpperCase() === "NONE"
  if (isOff) return check.needless("Coolify asks nothing of the container", "healthcheck")
  const probe = probeOf(test, given)
  const port = draft.get("port")
  if (probe === undefined) {
    test.leave(
      "Coolify's check takes neither quotes nor a shell's signs: put it into a script in the image, and name that under `healthcheck.command`",
      "healthcheck"
    )
  } else if (probe._tag === "Http" && (port === undefined || probe.port === String(port))) {
    if (port === undefined) draft.set("port", Number(probe.port), test)
    if (probe.path !== "/" || !hasDomain(draft)) draft.put("healthcheck", "path", probe.path, test)
    draft.put("healthcheck", "container", true, test)
  } else draft.put("healthcheck", "command", probe.command, test)
  timesOf(draft, check)
}
