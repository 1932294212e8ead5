/** `healthcheck`: how fabrik, and Coolify, tell that the application works. */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import {
  defaulted,
  flag,
  integer,
  map,
  matching,
  oneOf,
  optional,
  parsed,
  type Rule,
  seconds,
  text,
  unknownKey
} from "../Form.ts"
import { healthPath, healthPathPattern } from "../HealthPath.ts"
import { isReleased } from "../ShellCommand.ts"
import { headerPattern, healthCommandPattern, ranges } from "../Limits.ts"
import type { Template } from "../templates/Template.ts"

/** Where the release id is read from in the health response; it is compared with `FABRIK_RELEASE`. */
export type ReleaseProbe =
  | { readonly _tag: "Header"; readonly name: string }
  | { readonly _tag: "Json"; readonly path: ReadonlyArray<string> }

export interface Healthcheck {
  /** Starts with exactly one `/`; joined to the origin, it can never change the host. */
  readonly path: string
  /** The HTTP status a healthy application answers. */
  readonly status: number
  /** How long one probe may take. */
  readonly timeout: Duration.Duration
  readonly interval: Duration.Duration
  readonly retries: number
  /** Grace before the first failed probe counts. */
  readonly startPeriod: Duration.Duration
  /** How long a new version has to have been up, without a restart, before it counts as good. */
  readonly settle: Duration.Duration
  /** Whether Coolify probes inside the container too (the image must ship curl or wget). */
  readonly container: boolean
  /** What Coolify runs inside the container in place of its HTTP probe: it is well that ends with 0. */
  readonly command?: string
  readonly release: ReleaseProbe | undefined
}

const jsonPath: Rule<ReadonlyArray<string>> = (text) => {
  const steps = text.split(".")
  return steps.length <= 16 &&
    steps.every((step) => /^[A-Za-z0-9_-]{1,64}$/.test(step) && step !== "__proto__")
    ? Either.right(steps)
    : Either.left({
        message: "this is not a path into a JSON object",
        hint: "keys joined by dots, e.g. build.release"
      })
}

const unknownProbe = unknownKey(["header", "json"], {})

const probes = oneOf(
  [
    map(
      {
        header: matching(
          {
            description: "Response header that holds FABRIK_RELEASE",
            examples: ["X-Release"],
            pattern: headerPattern,
            numeral: true
          },
          {
            message: "this is not the name of a header",
            hint: "at most 64 letters, digits and hyphens, e.g. X-Release"
          }
        )
      },
      { key: unknownProbe }
    ),
    map(
      {
        json: parsed(
          {
            description: "Keys joined by dots, to FABRIK_RELEASE in the JSON of the response",
            examples: ["release", "build.release"],
            pattern: /^(?!(?:.*\.)?__proto__(?:\.|$))[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){0,15}$/,
            numeral: true
          },
          Schema.Array(Schema.String),
          jsonPath,
          (steps) => steps.join(".")
        )
      },
      { key: unknownProbe }
    )
  ],
  (field) => {
    const { node, path, keyAt } = field
    const has = (key: string) => node._tag === "Map" && node.entries.some((entry) => entry.key === key)
    if (has("header") && has("json")) {
      return {
        at: keyAt,
        message: "`header` and `json` exclude each other",
        hint: "the release id is read from one place"
      }
    }
    if (has("json")) return 1
    if (has("header") || node._tag === "Scalar" || node._tag === "List") return 0
    const [foreign] = node._tag === "Map" ? node.entries : []
    return foreign === undefined
      ? {
          at: keyAt,
          message: `\`${path}\` does not say where to look`,
          hint: "give `header: X-Release` or `json: release`"
        }
      : { ...unknownProbe(foreign.key, foreign), at: foreign.keyAt, path: foreign.path }
  },
  {
    description:
      "Where the response shows FABRIK_RELEASE, which fabrik sets, so that the old version cannot pass for the new one. Default: set for starters"
  }
)

const release = Schema.transform(
  probes,
  Schema.Union(
    Schema.TaggedStruct("Header", { name: Schema.String }),
    Schema.TaggedStruct("Json", { path: Schema.Array(Schema.String) })
  ),
  {
    strict: true,
    decode: (given) =>
      "header" in given
        ? { _tag: "Header" as const, name: given.header.toLowerCase() }
        : { _tag: "Json" as const, path: given.json },
    encode: (probe) => (probe._tag === "Header" ? { header: probe.name } : { json: probe.path })
  }
)

export const HealthcheckSection = map(
  {
    path: optional(
      text(
        {
          description: "Path, from one `/` on, that the domain is asked for",
          absent: "the template's, else `/`",
          examples: ["/health"],
          pattern: healthPathPattern
        },
        healthPath
      )
    ),
    status: defaulted(integer(ranges.status, { description: "HTTP status of a healthy answer" }), 200),
    timeout: defaulted(seconds(ranges.timeout, { description: "Seconds that one probe may take" }), 5),
    interval: defaulted(seconds(ranges.interval, { description: "Seconds between probes" }), 5),
    retries: defaulted(integer(ranges.retries, { description: "Failed probes before giving up" }), 10),
    startPeriod: defaulted(
      seconds(ranges.startPeriod, { description: "Seconds before a failed probe counts" }),
      5
    ),
    settle: defaulted(
      seconds(ranges.settle, {
        description:
          "Seconds a new version has to have been up without exiting before it counts as good; one restart is forgiven and begins the time anew. Coolify counts restarts about once a minute, so what exits rarely takes more than 60 to be found out"
      }),
      10
    ),
    container: optional(
      flag({
        description:
          "Whether Coolify probes inside the container too, so that a bad release never replaces a good one; the image must ship curl or wget",
        absent:
          "on for a template's starter and with a `command`; with a `release` Coolify checks that it has succeeded; else off"
      })
    ),
    command: optional(
      matching(
        {
          description:
            "What Coolify runs inside the container in place of its HTTP probe: it has to end with 0. Without quotes, `$`, pipes and other signs of a shell",
          examples: ["bin/healthy --quick"],
          pattern: healthCommandPattern,
          numeral: true
        },
        {
          message:
            "Coolify takes this for no command of a health check: it can have no quotes, `$`, pipes, `;`",
          hint: "put it into a script in the image, and name that"
        }
      )
    ),
    release: optional(release)
  },
  {
    description: "How fabrik tells that the application works",
    never: [
      { status: { type: "integer", minimum: 400 }, container: { const: true } },
      { command: {}, container: { const: false } }
    ],
    elsewhere: {
      port: "the port is the application's: write it under `port`",
      cmd: "did you mean `command`?",
      test: "write it under `command`, without `CMD` and a shell's signs"
    }
  }
)

type Given = typeof HealthcheckSection.Type

/** What a healthcheck says of the answer to a request. */
const ofAnswer = ["path", "status", "release"] as const

/**
 * The health check; what it does not say comes from the template and its starter.
 * @param of whether it is the starter; without a domain only Coolify can ask, in the container, and nobody for the
 *   release; with a release command Coolify has to see that it has succeeded, by a check in the container.
 */
export const healthcheckIn = (
  given: Given,
  template: Template | undefined,
  of: { readonly isStarter: boolean; readonly isNowhere: boolean; readonly release: string | undefined },
  check: Check
): Healthcheck => {
  const { isNowhere, isStarter } = of
  const needsCheck = of.release !== undefined && given.command === undefined
  const off = check.at("healthcheck", "container")
  if (needsCheck && given.container === false && off !== undefined) {
    check.complain(off, {
      message:
        "Coolify has to check inside the container that `release` has succeeded, and `container: false` says not to",
      hint: "remove it"
    })
  }
  const command = needsCheck && given.container === undefined && !isStarter ? isReleased : given.command
  const container = given.container ?? (isStarter || command !== undefined)
  const asks = container && command === undefined
  for (const key of isNowhere ? ofAnswer : []) {
    const field = check.at("healthcheck", key)
    if (field === undefined || (asks && key !== "release")) continue
    check.complain(field, {
      at: field.keyAt,
      message: `\`${field.path}\` is looked for at the domain, and there is none`,
      hint:
        key === "release" || command !== undefined
          ? "remove it"
          : "remove it; or write `container: true`, and Coolify asks inside the container"
    })
  }
  if (given.command !== undefined && !container && off !== undefined) {
    check.complain(off, {
      message:
        "`healthcheck.command` is what is run inside the container, and `container: false` says not to",
      hint: "remove one of them"
    })
  }
  const status = check.at("healthcheck", "status")
  // Coolify probes in the container with `curl -f` or `wget`, which fail on each status from 400.
  const probes = command === undefined ? container : given.container === true
  if (probes && given.status >= 400 && status !== undefined) {
    check.complain(status, {
      message: `a check inside the container can never see ${given.status}: Coolify's probe there fails on each status from 400`,
      hint:
        given.container === undefined
          ? "name a `path` that answers 2xx or 3xx, or write `container: false`"
          : "name a `path` that answers 2xx or 3xx, or take `container: true` away"
    })
  }
  return {
    ...given,
    ...(command === undefined ? {} : { command }),
    path: given.path ?? template?.healthPath ?? "/",
    container,
    release: given.release ?? (isStarter && !isNowhere ? template?.starter.release : undefined)
  }
}

/** As {@link healthcheckIn} reads it. */
export const healthcheckOut = (
  { container, path, release, ...rest }: Healthcheck,
  isNowhere: boolean
): Given => ({
  ...rest,
  ...(rest.command === undefined ? { container } : {}),
  ...(isNowhere && (!container || rest.command !== undefined) ? {} : { path }),
  ...(release === undefined ? {} : { release })
})
