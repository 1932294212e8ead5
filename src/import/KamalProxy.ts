/** Where a role or an accessory of Kamal answers visitors. Facts: kamal-deploy.org/docs/configuration/proxy. */
import { ranges } from "../appspec/Limits.ts"
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import type { Erb } from "./Erb.ts"
import { answersAt, checkedAt, type Job, secondsOf, within } from "./Input.ts"
import { textOf } from "./KamalParts.ts"

export const readProxy = (job: Job, proxy: Cursor, draft: Draft, erb: Erb, isMain: boolean): void => {
  const hosts = [...proxy.key("hosts").items(), ...(proxy.has("host") ? proxy.key("host").items() : [])]
  answersAt(
    job,
    draft,
    hosts
      .flatMap((from) => (textOf(from, erb) ?? "").split(",").map((host) => ({ host: host.trim(), from })))
      .filter(({ host }) => host !== ""),
    isMain
  )
  const port = proxy.key("app_port")
  draft.set("port", Number(textOf(port, erb) ?? 80), port)
  if (!port.exists) draft.comment("port", "Kamal's default.")
  const ssl = proxy.key("ssl")
  if (ssl.kind === "Pairs")
    ssl.leave("Coolify's proxy has a certificate of its own for each domain", "domain")
  else if (ssl.peek() === "false") ssl.leave("Coolify's proxy answers by https", "domain")
  else ssl.needless("Coolify's proxy answers by https", "domain")
  const check = proxy.key("healthcheck")
  const path = check.key("path")
  const seconds = (key: string) => {
    const from = check.key(key)
    const value = secondsOf(from.text())
    return [
      key,
      value === undefined ? undefined : within(value, ranges.interval.min, ranges.interval.max),
      from
    ] as const
  }
  if (check.exists)
    checkedAt(draft, [
      ["path", textOf(path, erb) ?? "/up", path.exists ? path : check],
      seconds("interval"),
      seconds("timeout")
    ])
  else if (isMain) checkedAt(draft, [["path", "/up", proxy]])
  for (const key of [
    "forward_headers",
    "response_timeout",
    "buffering",
    "logging",
    "ssl_redirect",
    "path_prefix",
    "strip_path_prefix",
    "run"
  ])
    proxy.key(key).leave("Coolify's proxy has its own settings")
}
