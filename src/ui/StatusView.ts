import type { Status } from "../orchestrator/Status.ts"
import { count, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"
import { renderTable } from "./Table.ts"

export const renderStatus = (status: Status, style: Style): ReadonlyArray<string> => {
  const mark = (ok: boolean) => (ok ? style.tick : style.cross)
  const row = (title: string, ok: boolean, text: string): ReadonlyArray<string> =>
    wrap(clean(text), style.columns, `  ${mark(ok)} ${title.padEnd(12)} `).map(ok ? style.green : style.red)
  const { coolify, run, others = [] } = status
  const where = status.url === null ? "no domain" : clean(status.url)
  return [
    ...wrap(`${clean(status.name)} on ${clean(status.server)}: ${where}`, style.columns).map(style.bold),
    ...(coolify === null
      ? row("Coolify", false, "there is no such application")
      : row(
          "Coolify",
          coolify.status.startsWith("running"),
          [
            coolify.status,
            `application ${coolify.uuid}`,
            ...(coolify.release === null ? [] : [`release ${coolify.release} was deployed last`])
          ].join(", ")
        )),
    ...(status.containers ?? []).flatMap(({ image, name, status: word }) =>
      row("container", word.startsWith("running"), `${name}: ${word}, ${image}`)
    ),
    ...(status.databases ?? []).flatMap(({ image, name, public: open, status: word, uuid }) =>
      row(
        "database",
        word?.startsWith("running") === true,
        word === null
          ? `${name}: there is none yet`
          : `${name}: ${word}, ${image}, ${uuid ?? ""}${open === undefined ? "" : `, open to the internet at ${open}`}`
      )
    ),
    ...domainRows(status, coolify, row),
    ...planRows(status, row),
    ...(run === null
      ? []
      : row(
          "run",
          false,
          run.running === null
            ? `${run.command} (run ${run.id}, since ${new Date(run.since).toISOString()}) came to no end, ${count(run.changes, "change")} open: \`fabrik recover\` settles it`
            : `under way: ${run.running}`
        )),
    ...others.flatMap((other) => [
      ...wrap(clean(other.url), style.columns).map(style.bold),
      ...domainRows(other, coolify, row)
    ]),
    "",
    status.ok
      ? style.bold(
          `Everything is as the spec says${status.unseen === undefined ? "" : ", as far as the token may look"}.`
        )
      : style.bold("Not everything is as the spec says.")
  ]
}

/** One that could not be read. */
interface Unread {
  readonly name: string
  readonly problem: string
}

/** A line for each of several applications, and how many of them are as their specs say. */
export const renderStatuses = (all: ReadonlyArray<Status | Unread>, style: Style): ReadonlyArray<string> => {
  const right = all.filter((one) => "ok" in one && one.ok).length
  return [
    ...renderTable(
      ["NAME", "COOLIFY", "HTTPS", "PLAN", "URL"],
      all.map((one) => ({
        cells: "problem" in one ? [clean(one.name), clean(one.problem)] : cellsOf(one),
        paint: "ok" in one && one.ok ? (text: string) => text : "ok" in one ? style.yellow : style.red
      })),
      style
    ),
    "",
    style.bold(
      `${right} of ${count(all.length, "application")} ${right === 1 ? "is" : "are"} as the spec says.`
    )
  ]
}

const cellsOf = ({ coolify, differences, http, name, others = [], url }: Status): ReadonlyArray<string> => {
  const answers = [http, ...others.map((other) => other.http)].flatMap((one) => one ?? [])
  const wrong = answers.find(({ ok }) => !ok) ?? answers[0]
  return [
    clean(name),
    coolify === null ? "not there" : clean(coolify.status),
    wrong === undefined ? "-" : wrong.ok ? `${wrong.status ?? "ok"}` : `${wrong.status ?? "no answer"}`,
    differences === null
      ? "refused"
      : differences.length === 0
        ? "no changes"
        : count(differences.length, "change"),
    url === null ? "(no domain)" : clean(url)
  ]
}

/** What is seen of one domain. */
const domainRows = (
  { certificate, dns, http }: Pick<Status, "dns" | "http" | "certificate">,
  coolify: Status["coolify"],
  row: Row
): ReadonlyArray<string> => [
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
  ...(http === null ? [] : row("HTTPS", http.ok, http.detail)),
  ...(http === null || http.release === null
    ? []
    : row(
        "release",
        coolify?.release === null || http.release === coolify?.release,
        `${http.release} answers`
      )),
  ...(certificate === null
    ? []
    : row(
        "certificate",
        certificate.problem === null,
        certificate.problem ?? `from ${certificate.issuer}, ${count(certificate.daysLeft, "day")} left`
      ))
]

type Row = (title: string, ok: boolean, text: string) => ReadonlyArray<string>

/** The differences that are named; the rest is counted. */
const named = 6

const planRows = ({ differences, refusal, unseen }: Status, row: Row): ReadonlyArray<string> => {
  if (differences === null) return row("plan", false, `would be refused: ${refusal ?? ""}`)
  if (differences.length === 0) {
    return row(
      "plan",
      true,
      unseen === undefined
        ? "would change nothing"
        : `would change nothing, as far as the token may look; it may not read ${unseen.join(", ")} (read:sensitive)`
    )
  }
  const more = differences.length - named
  const what = differences
    .slice(0, named)
    .map(
      ({ action, fields, kind, name }) =>
        `${action} ${kind} ${name}${fields.length > 0 && action === "update" ? ` (${fields.join(", ")})` : ""}`
    )
  return row(
    "plan",
    false,
    `would make ${count(differences.length, "change")}: ${[...what, ...(more > 0 ? [`${more} more`] : [])].join("; ")}`
  )
}
