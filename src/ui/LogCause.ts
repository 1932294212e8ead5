/** What the log of a failed deployment gives away about its cause, where that is the same everywhere. */
interface Cause {
  readonly cause: string
  readonly next: string
}

const loginAdvice = (registry: string): string =>
  `Check the name; for a private registry run \`docker login${registry === "" ? "" : ` ${registry}`}\` on the server as the user that Coolify connects with, as its API takes no credentials of a registry. Then run the command again.`

/** The registry of a refused pull, where the log names it; none: Docker Hub, whose name Docker leaves out. */
const registryIn = (log: string): string | undefined => {
  const [, asked] = /https:\/\/([a-z0-9.-]+(?::\d+)?)\/v2\//i.exec(log) ?? []
  const [, image] = /pull access denied for ([\w./:@-]+)/i.exec(log) ?? []
  const host =
    asked ?? (image?.includes("/") === true ? image.split("/")[0] : image === undefined ? undefined : "")
  if (host === undefined) return undefined
  return /[.:]/.test(host) && !/(?:^|\.)docker\.io$/.test(host) ? host : ""
}

const denied: Cause & { readonly pattern: RegExp } = {
  pattern:
    /pull access denied|(?:denied|unauthorized): |authentication required|no basic auth credentials|unauthorized to access repository/i,
  cause: "The server may not pull the image, or there is none of that name.",
  next: loginAdvice("REGISTRY")
}

/** In the words of Docker, of git and of ssh. The first that fits counts. */
const known: ReadonlyArray<Cause & { readonly pattern: RegExp }> = [
  denied,
  {
    pattern: /manifest (?:for \S+ )?(?:unknown|not found)|manifest unknown/i,
    cause: "The registry has no such tag.",
    next: "Check the tag in `source.image` (was it pushed, for this server's processor too?), then run the command again."
  },
  {
    pattern:
      /permission denied \(publickey|could not read username|repository not found|invalid username or (?:password|token)/i,
    cause: "Coolify may not read the repository, or there is none at that address.",
    next: "For a private one name a key (`source.deployKey`, with the address over ssh) or an App (`source.githubApp`) that may read it, then run the command again."
  },
  {
    pattern: /remote branch \S+ not found|couldn't find remote ref/i,
    cause: "The repository has no such branch.",
    next: "Set `source.branch` to one that it has, then run the command again."
  },
  {
    // In Coolify's own words.
    pattern: /docker compose file not found at/i,
    cause: "The repository has no compose file at that path.",
    next: "Set `source.compose` to its path, below `source.baseDirectory` (.yml or .yaml? on that branch?), then run the command again."
  },
  {
    pattern: /Bind for \S+ failed: port is already allocated|address already in use/i,
    cause: "Something else on the server has that port.",
    next: "Take another port of the server under `ports`, or free that one, then run the command again."
  },
  {
    pattern: /no space left on device/i,
    cause: "The server's disk is full.",
    next: "Free some room on the server (Coolify: Server, Docker Cleanup), then run the command again."
  }
]

/** `undefined`: nothing that is known. */
export const causeInLog = (log: ReadonlyArray<string>): Cause | undefined => {
  const text = log.join("\n")
  const found = known.find(({ pattern }) => pattern.test(text))
  if (found === undefined) return undefined
  const registry = found === denied ? registryIn(text) : undefined
  return { cause: found.cause, next: registry === undefined ? found.next : loginAdvice(registry) }
}
