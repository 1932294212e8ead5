/** `resources` and `ports`: what the container may use of its server, and where that is reached beside the domain. */
import * as Either from "effect/Either"
import type { Check } from "../Decode.ts"
import { list, map, optional, text } from "../Form.ts"
import { portOf } from "../Limits.ts"
import { type Complaint, quote } from "../Report.ts"

export interface Resources {
  /** `512M`, `2G`; `0`: no limit. */
  readonly memory?: string
  /** Of one processor, e.g. `0.5`; `0`: no limit. */
  readonly cpus?: string
}

const complaint = (message: string, hint: string): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

const memoryPattern = /^(\d{1,12}(?:\.\d{1,3})?) ?([kmgt])(?:i?b)?$/i

/** As Docker reads it: a number and K, M, G or T. Docker gives no container less than 6 MB. */
export const memoryOf = (given: string): Either.Either<string, Complaint> => {
  if (/^0+$/.test(given)) return Either.right("0")
  const [, number = "", unit = ""] = memoryPattern.exec(given) ?? []
  const letter = unit.toUpperCase()
  if (letter === "") {
    return complaint(
      /^\d+(?:\.\d+)?$/.test(given)
        ? `${quote(given)} has no unit, and Docker would take it for bytes`
        : `${quote(given)} is no amount of memory: Docker knows K, M, G and T`,
      "e.g. `512M` or `2G`; `0` is no limit"
    )
  }
  const bytes = Number(number) * 1024 ** ("KMGT".indexOf(letter) + 1)
  return bytes < 6 * 1024 ** 2
    ? complaint(`Docker gives no container less than 6 MB, and ${quote(given)} is less`, "e.g. `512M`")
    : Either.right(`${Number(number)}${letter}`)
}

export const cpusOf = (given: string): Either.Either<string, Complaint> => {
  const number = /^\d{1,4}(?:\.\d{1,3})?$/.test(given) ? Number(given) : Number.NaN
  return number === 0 || (number >= 0.01 && number <= 1024)
    ? Either.right(String(number))
    : complaint(`${quote(given)} is no number of processors`, "e.g. `0.5` or `2`; `0` is no limit")
}

export const ResourcesSection = map(
  {
    memory: optional(
      text(
        {
          description: "Most memory that the container gets: a number and K, M, G or T",
          absent: "no limit",
          examples: ["512M", "2G"],
          pattern: /^(?:0+|\d{1,12}(?:\.\d{1,3})? ?[kmgtKMGT](?:[iI]?[bB])?)$/,
          numeral: true
        },
        memoryOf
      )
    ),
    cpus: optional(
      text(
        {
          description: "Most processors that it gets, as a number",
          absent: "no limit",
          examples: ["0.5"],
          pattern: /^\d{1,4}(?:\.\d{1,3})?$/,
          numeral: true
        },
        cpusOf
      )
    )
  },
  {
    description: "What the container may use of its server",
    elsewhere: {
      cpu: "did you mean `cpus`?",
      limits: "write `memory` and `cpus` themselves here",
      mem: "did you mean `memory`?",
      memory_limit: "did you mean `memory`?"
    }
  }
)

const anyPort = "(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])"

const portForm = "e.g. `ports: [\"8080:80\"]`: the host's port, a colon, the container's"

export const Ports = list(
  text(
    {
      description: "A port of the server, a colon and the container's",
      examples: ["8080:80"],
      pattern: new RegExp(`^${anyPort}:${anyPort}$`)
    },
    (given) => {
      const [host = "", container = "", ...rest] = given.split(":")
      if (rest.length > 0) return complaint(`Coolify takes no address in ${quote(given)}`, portForm)
      if (container.includes("/")) {
        return complaint(
          `Coolify's API takes no protocol, as in ${quote(given)}: all ports are TCP's`,
          "leave it out, or deploy what speaks UDP otherwise"
        )
      }
      return portOf(host) === undefined || portOf(container) === undefined
        ? complaint(`${quote(given)} is no pair of ports`, portForm)
        : Either.right(given)
    }
  ),
  {
    description:
      "Ports of the server that lead to the container beside the domain. Coolify then stops the old version before it starts a new one: an update has a gap, which needs `--allow-downtime`",
    hint: portForm
  }
)

export const portsIn = (given: typeof Ports.Type | undefined, check: Check): ReadonlyArray<string> => {
  const hosts = (given ?? []).map((pair) => pair.split(":")[0])
  for (const [index, host] of hosts.entries()) {
    const field = check.at("ports", index)
    if (field !== undefined && hosts.indexOf(host) < index) {
      check.complain(field, { message: `the server's port ${host} is given twice`, hint: "remove one" })
    }
  }
  return given ?? []
}
