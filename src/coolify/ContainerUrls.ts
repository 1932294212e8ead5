/** URLs of a compose file's containers, as fabrik tells them: that of Coolify, with the container's name behind a `#`. */

/** The URLs of one container; an empty list takes them away. */
export interface ContainerUrls {
  readonly container: string
  readonly urls: ReadonlyArray<string>
}

export const containerUrl = (url: string, container: string): string => `${url}#${container}`

const halves = (domain: string): readonly [url: string, container: string] => {
  const at = domain.lastIndexOf("#")
  return [domain.slice(0, at), domain.slice(at + 1)]
}

/** The containers that have a URL, each once. */
export const containersIn = (domains: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(domains.map((domain) => halves(domain)[1]))
]

/** Containers that had URLs and have none any more are named too: Coolify keeps what is not named. */
export const urlsOf = (
  wanted: ReadonlyArray<string>,
  before: ReadonlyArray<string>
): ReadonlyArray<ContainerUrls> => {
  const named = wanted.map(halves)
  return containersIn([...wanted, ...before]).map((container) => ({
    container,
    urls: named.flatMap(([url, of]) => (of === container ? [url] : []))
  }))
}

/** The name that Coolify makes up for a container has the uuid of the whole in it. It is nobody's wish. */
export const isMadeUp = (url: string, uuid: string): boolean => url.includes(`-${uuid}.`)
