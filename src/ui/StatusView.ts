import type { Status } from "../orchestrator/Status.ts"
import { count, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

export const renderStatus = (status: Status, style: Style): ReadonlyArray<string> => {
  const mark = (ok: boolean) => (ok ? style.tick : style.cross)
  const row = (title: string, ok: boolean, text: string): ReadonlyArray<string> =>
    wrap(clean(text), style.columns, `  ${mark(ok)} ${title.padEnd(12)} `).map(ok ? style.green : style.red)
  const { coolify, dns, http, certificate } = status
  return [
    ...wrap(`${clean(status.name)} on ${clean(status.server)}: ${clean(status.url)}`, style.columns).map(
      style.bold
    ),
    ...(coolify === null
      ? row("Coolify", false, "there is no such application")
      : row(
          "Coolify",
          coolify.status.startsWith("running"),
          [
            coolify.status,
            `application ${coolify.uuid}`,
            ...(coolify.release === null ? [] : [`release ${coolify.release}`])
          ].join(", ")
        )),
    ...(dns === null
      ? []
      : [
          ...row(
            "DNS record",
            dns.records.includes(dns.wanted),
            dns.records.length === 0 ? `none, wanted is ${dns.wanted}` : dns.records.join(", ")
          ),
          ...dns.nameServers.flatMap(({ server, answer, right }) =>
            row("name server", right, `${server}: ${answer}`)
          )
        ]),
    ...row("HTTPS", http.ok, http.detail),
    ...(certificate === null
      ? []
      : row(
          "certificate",
          certificate.problem === null,
          certificate.problem ?? `from ${certificate.issuer}, ${count(certificate.daysLeft, "day")} left`
        )),
    "",
    status.ok
      ? style.bold("Everything is as the spec says.")
      : style.bold("Not everything is as the spec says.")
  ]
}
