/** The report of runs as one HTML page: without scripts, and with nothing from elsewhere. Pure. */
import type { DeploymentEvent, Emitted } from "../../engine/DeploymentEvent.ts"
import { answered } from "../Failure.ts"
import { count, seconds } from "../Layout.ts"
import { outcomeOf, type ShownRun } from "../RunsView.ts"
import { stepTitle } from "../StepTitle.ts"
import { html, type Markup, nothing } from "./Html.ts"
import { style } from "./Style.ts"
import { type Bar, type Lane, marksOf, type Segment, spent, type Timeline, timelineOf } from "./Timeline.ts"

export interface ReportedRun extends ShownRun {
  readonly events: ReadonlyArray<Emitted>
  /** Lines of its events that say something else, as those of another version. */
  readonly unread: number
  readonly buildLog: ReadonlyArray<string>
  readonly containerLog: ReadonlyArray<string>
}

/** What a page begins with: by that one is known which may be overwritten. */
export const pageHead = "<!doctype html>\n<!-- a report of fabrik -->\n"

/** More of a log, or of the events, is not in a page. Lines. */
const mostLines = 2000

export const renderPage = (runs: ReadonlyArray<ReportedRun>): string => {
  const names = [...new Set(runs.map(({ record }) => record.application))].join(", ")
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${names}: report of fabrik</title>
      ${style}
    </head>
    <body>
      ${
        runs.length > 1
          ? html`<nav>
              <ul>
                ${runs.map(linkTo)}
              </ul>
            </nav>`
          : nothing
      }
      <main>${runs.map(renderRun)}</main>
    </body>
  </html> `
  return pageHead + page.text
}

const linkTo = (run: ReportedRun): Markup =>
  html`<li>
    <a href="#${run.record.id}">${run.record.application}</a>
    <span class="end ${toneOf(run)}">${outcomeOf(run)}</span>
  </li>`

const toneOf = ({ record, standing }: ShownRun): "good" | "bad" | "open" =>
  standing === "ended" ? (record.exit === 0 ? "good" : "bad") : "open"

const renderRun = (run: ReportedRun): Markup => {
  const { record } = run
  const timeline = timelineOf(run.events)
  return html`<article id="${record.id}">
    <header>
      <h1>${record.application} <small>${record.command}</small></h1>
      <p class="end ${toneOf(run)}">${outcomeOf(run)}</p>
    </header>
    ${facts(run)} ${failureOf(run)}
    ${list(
      "Left behind",
      record.leftovers.map(({ next, what, why }) => `${what}: ${why}. To finish: ${next}`)
    )}
    ${list("Left standing", record.kept)} ${list("Seen to answer after it", record.answers.map(answered))}
    ${run.events.length === 0 ? nothing : renderTimeline(timeline)}
    ${list(
      "Changed",
      record.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`)
    )}
    ${list("Removed again", record.removed)} ${list("Restored", record.restored)}
    ${list("Deleted, and gone for good", record.deleted)} ${list("Warnings", record.warnings)}
    ${wholeLog("The deployment's log", run.buildLog)} ${eventsOf(run, timeline)}
  </article>`
}

const facts = ({ record }: ReportedRun): Markup => {
  const all: ReadonlyArray<readonly [string, string]> = [
    ["Run", record.id],
    ["Project", `${record.project}, ${record.environment}`],
    ["Spec", record.file],
    ["Coolify", record.coolify],
    ["By", `${record.user} at ${record.machine}, owner ${record.owner}`],
    ["Began", moment(record.began)],
    ["Ended", record.ended === null ? "" : moment(record.ended)],
    ["Took", record.millis === null ? "" : seconds(record.millis)],
    ["Exit code", record.exit === null ? "" : String(record.exit)],
    ["Answers at", record.url ?? ""],
    ["fabrik", record.fabrik]
  ]
  const shown = all.filter(([, value]) => value !== "")
  return html`<dl>
    ${shown.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`
    )}
  </dl>`
}

const failureOf = ({ containerLog, events, record }: ReportedRun): Markup => {
  const tails = events.findLast(({ event }) => event._tag === "LogTails")?.event
  const deployment = tails?._tag === "LogTails" ? tails.deployment : []
  const { failure } = record
  if (failure === null) return nothing
  const where = failure.step === null ? "It failed" : `${stepTitle(failure.step)} failed`
  return html`<section class="failure">
    <h2>${where}</h2>
    <p>${failure.message}</p>
    ${failure.next === "" ? nothing : html`<p><strong>Next:</strong> ${failure.next}</p>`}
    ${log("How the deployment's log ended", deployment)} ${log("The container's last lines", containerLog)}
  </section>`
}

const log = (title: string, lines: ReadonlyArray<string>): Markup =>
  lines.length === 0
    ? nothing
    : html`<h3>${title}</h3>
        <pre>${lines.slice(-mostLines).join("\n")}</pre>`

const wholeLog = (title: string, lines: ReadonlyArray<string>): Markup => {
  const cut = lines.length > mostLines ? `, the last ${mostLines} of ${lines.length} lines` : ""
  return lines.length === 0
    ? nothing
    : html`<details>
        <summary>${title}${cut}</summary>
        <pre>${lines.slice(-mostLines).join("\n")}</pre>
      </details>`
}

const list = (title: string, items: ReadonlyArray<string>): Markup =>
  items.length === 0
    ? nothing
    : html`<section>
        <h2>${title}</h2>
        <ul>
          ${items.map((item) => html`<li>${item}</li>`)}
        </ul>
      </section>`

const renderTimeline = (timeline: Timeline): Markup => {
  const length = Math.max(timeline.to - timeline.from, 1)
  const marks = marksOf(length)
  const [, second] = marks
  const grid = second === undefined ? 100 : share(second.at, length)
  const axis = marks.map(({ at, says }) => html`<span style="left:${share(at, length)}%">${says}</span>`)
  return html`<section>
    <h2>Where the time went</h2>
    <p class="legend">
      <i class="working"></i> worked on <i class="waiting"></i> waited for <i class="lane"></i> a step, whole
    </p>
    <div class="wide">
      <table style="--grid:${grid}%">
        <thead>
          <tr>
            <th>What</th>
            <th class="axis"><div>${axis}</div></th>
            <th>Worked</th>
            <th>Waited</th>
          </tr>
        </thead>
        ${timeline.lanes.map((lane) => renderLane(lane, timeline.from, length))}
      </table>
    </div>
  </section>`
}

const renderLane = (lane: Lane, origin: number, length: number): Markup => {
  const { ended, from, title, to } = lane
  const end = ended ? "" : ", not ended"
  const bar = segment({ from, to, ended }, "lane", `${title}: ${seconds(to - from)}${end}`, origin, length)
  return html`<tbody>
    <tr class="step">
      <th scope="rowgroup">${title}</th>
      <td class="track">${bar}</td>
      <td colspan="2">${seconds(to - from)}${end}</td>
    </tr>
    ${lane.bars.map((one) => renderBar(one, origin, length))}
  </tbody>`
}

const renderBar = (bar: Bar, origin: number, length: number): Markup => {
  const segments = bar.segments.map((one) =>
    segment(
      one,
      one.kind,
      `${bar.label}: ${one.says}, ${seconds(one.to - one.from)}${one.ended ? "" : ", its end was not seen"}`,
      origin,
      length
    )
  )
  const time = (kind: Segment["kind"]) =>
    bar.segments.some((one) => one.kind === kind) ? seconds(spent(bar, kind)) : ""
  return html`<tr>
    <th scope="row">${bar.label}</th>
    <td class="track">${segments}</td>
    <td>${time("working")}</td>
    <td>${time("waiting")}</td>
  </tr>`
}

const segment = (
  { ended, from, to }: Pick<Segment, "from" | "to" | "ended">,
  kind: Segment["kind"] | "lane",
  says: string,
  origin: number,
  length: number
): Markup =>
  html`<i
    class="${kind}${ended ? "" : " unended"}"
    style="left:${share(from - origin, length)}%;width:${share(to - from, length)}%"
    title="${says}"
  ></i>`

/** In hundredths, with as many digits as a wide screen shows. */
const share = (part: number, whole: number): string => ((100 * part) / whole).toFixed(3)

/** Those of the deployment's log stand above. */
const eventsOf = ({ events, unread }: ReportedRun, { from }: Timeline): Markup => {
  const shown = events.filter(({ event }) => event._tag !== "DeploymentLog")
  const rows = shown.slice(-mostLines)
  if (rows.length === 0) return nothing
  const cut = rows.length < shown.length ? `, the last ${rows.length}` : ""
  const odd = unread === 0 ? "" : ` (${count(unread, "line")} of another kind left out)`
  return html`<details>
    <summary>${count(shown.length, "event")}${cut}${odd}</summary>
    <div class="wide">
      <table class="events">
        <thead>
          <tr>
            <th>After</th>
            <th>State</th>
            <th>Event</th>
            <th>Facts</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ at, event, state }) =>
              html`<tr>
                <td>${seconds(at - from)}</td>
                <td>${state}</td>
                <td>${event._tag}</td>
                <td>${factsOf(event)}</td>
              </tr>`
          )}
        </tbody>
      </table>
    </div>
  </details>`
}

const factsOf = (event: DeploymentEvent): string =>
  Object.entries(event)
    .filter(([name]) => name !== "_tag")
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("; ")

/** `2026-01-31 12:00:05 UTC` */
const moment = (millis: number): string =>
  `${new Date(millis).toISOString().slice(0, 19).replace("T", " ")} UTC`
