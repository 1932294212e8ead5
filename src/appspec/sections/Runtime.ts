/** `networkAliases`, `stopGracePeriod`, `autoDeploy`, `runOptions`: how the container is run and replaced. */
import * as Either from "effect/Either"
import type { Check } from "../Decode.ts"
import { flag, integer, list, matching, text } from "../Form.ts"
import { ranges } from "../Limits.ts"
import { type Complaint, quote } from "../Report.ts"
import type { Source } from "./Source.ts"

export const aliasPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/

export const NetworkAliases = list(
  matching(
    {
      description: "A name that other containers of Coolify's network reach it by",
      examples: ["api"],
      pattern: aliasPattern,
      numeral: true
    },
    { message: "this is no name in a network", hint: "letters, digits, `.`, `_` and `-`, e.g. `api`" }
  ),
  {
    description: "Names that other containers of Coolify's network reach it by, the same for each version",
    hint: "one name per line, each behind a `-`"
  }
)

export const StopGracePeriod = integer(ranges.stopGracePeriod, {
  description: "Seconds that the old version may take to stop before it is killed",
  absent: "Coolify's own, 30"
})

export const AutoDeploy = flag({
  description:
    "Whether Coolify itself deploys what is pushed to the repository; such a deployment is none of fabrik's",
  absent: "Coolify's own, true"
})

interface Runtime {
  readonly networkAliases?: ReadonlyArray<string>
  readonly stopGracePeriod?: number
  readonly autoDeploy?: boolean
  readonly runOptions?: ReadonlyArray<string>
}

/** Without empty lists. */
export const runtimeOut = ({
  autoDeploy,
  networkAliases = [],
  runOptions = [],
  stopGracePeriod
}: Runtime): Runtime => ({
  ...(networkAliases.length === 0 ? {} : { networkAliases }),
  ...(stopGracePeriod === undefined ? {} : { stopGracePeriod }),
  ...(autoDeploy === undefined ? {} : { autoDeploy }),
  ...(runOptions.length === 0 ? {} : { runOptions })
})

export const runtimeIn = (given: Runtime, source: Source | undefined, check: Check): Runtime => {
  const field = check.at("autoDeploy")
  if (source !== undefined && source._tag !== "Git" && field !== undefined) {
    check.complain(field, {
      at: field.keyAt,
      message: "only a repository has pushes that Coolify could deploy",
      hint: "remove `autoDeploy`"
    })
  }
  return runtimeOut(given)
}

const options =
  "cap-add, cap-drop, device, dns, gpus, hostname, init, ip, ip6, privileged, security-opt, shm-size, sysctl, ulimit"
const optionPattern = new RegExp(`^--(${options.replaceAll(", ", "|")})(?:[= ]([^\\s'"\\\\;\`$]+))?$`)

/** What is a key of its own. */
const instead: Readonly<Record<string, string>> = {
  cpus: "`resources.cpus`",
  entrypoint: "`command`",
  memory: "`resources.memory`",
  "network-alias": "`networkAliases`",
  publish: "`ports`",
  "stop-timeout": "`stopGracePeriod`",
  volume: "`volumes`"
}

const complaint = (message: string, hint: string): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

/** Coolify drops other options without a word, and cuts a value at its first hyphen (recorded: settings 25, 379 to 382). */
export const runOption = (given: string): Either.Either<string, Complaint> => {
  const [, option = "", value] = optionPattern.exec(given) ?? []
  if (option === "") {
    const name = /^--([a-z0-9-]+)/.exec(given)?.[1] ?? ""
    const key = instead[name]
    return key === undefined
      ? complaint(`${quote(given)} is no option that Coolify hands on`, `one of: ${options}; a text each`)
      : complaint(`Coolify drops ${quote(`--${name}`)}`, `write it as ${key}`)
  }
  return value?.includes("-") === true && option !== "hostname"
    ? complaint(
        `Coolify cuts the value of ${quote(given)} at its hyphen`,
        "this value cannot be given by Coolify"
      )
    : Either.right(given)
}

export const RunOptions = list(
  text(
    {
      description: "An option of `docker run` with its value",
      examples: ["--init", "--cap-add=NET_ADMIN"],
      pattern: optionPattern
    },
    runOption
  ),
  {
    description: `Options of \`docker run\` that Coolify hands on: ${options}`,
    hint: "one option per line, each behind a `-`: `- --init`"
  }
)
