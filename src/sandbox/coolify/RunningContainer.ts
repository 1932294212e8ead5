import type { Behaviour } from "./Behaviour.ts"
import { letsIn } from "./Labels.ts"
import { lifeAt } from "./Lifeline.ts"

/** What the edge proxy finds behind a host name. */
export interface RunningContainer {
  readonly applicationUuid: string
  /** The application's name when it was deployed. */
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly behaviour: Behaviour
  /** `name:tag`, or `uuid:commit` for what Coolify built. */
  readonly image: string
  /** The proxy sends visitors on before it asks the container. */
  readonly redirect?: "www" | "non-www" | undefined
  /** The proxy asks visitors who they are: `name:hash`. */
  readonly users?: string | undefined
  /** The proxy label points at a port on which nothing listens. */
  readonly portMismatch: boolean
}

export interface EdgeRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

export type EdgeAnswer =
  | {
      readonly kind: "response"
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
    }
  /** Nothing listens: a proxy answers 502. */
  | { readonly kind: "refused" }

const refused: EdgeAnswer = { kind: "refused" }

/** What the application answers; `now` in epoch milliseconds. */
export const respond = (container: RunningContainer, request: EdgeRequest, now: number): EdgeAnswer => {
  if (container.redirect !== undefined) return redirected(container.redirect, request)
  if (container.users !== undefined && !letsIn(container.users, request.headers["authorization"])) {
    return unauthorised
  }
  if (container.portMismatch) return refused
  const { behaviour } = container
  switch (behaviour._tag) {
    case "Crash":
    case "FailBuild":
      return refused
    case "Unhealthy":
      return answer(container, request, 503, "unhealthy", undefined)
    case "Status":
      return answer(container, request, behaviour.code, behaviour.code < 400 ? "ok" : "error", undefined)
    case "Slow":
      return now < container.startedAt + behaviour.seconds * 1000
        ? refused
        : answer(container, request, 200, "ok", undefined)
    case "Flap":
      return lifeAt(behaviour, container.startedAt, now).up
        ? answer(container, request, 200, "ok", undefined)
        : refused
    case "Ok":
      return answer(container, request, 200, "ok", behaviour.release)
  }
}

/** Traefik's. */
const unauthorised: EdgeAnswer = {
  kind: "response",
  status: 401,
  headers: { "www-authenticate": 'Basic realm="traefik"' },
  body: "401 Unauthorized\n"
}

/** Traefik's answer to a GET where the redirect is not permanent. */
const redirected = (to: "www" | "non-www", { headers, path }: EdgeRequest): EdgeAnswer => {
  const host = (headers["host"] ?? "").replace(/^www\./, "")
  const location = `https://${to === "www" ? "www." : ""}${host}${path}`
  return { kind: "response", status: 302, headers: { location }, body: "Found" }
}

const answer = (
  container: RunningContainer,
  request: EdgeRequest,
  status: number,
  word: string,
  shownRelease: string | undefined
): EdgeAnswer => {
  const release = shownRelease ?? container.env["FABRIK_RELEASE"]
  const empty = request.method === "HEAD" || status === 204 || status === 304
  return {
    kind: "response",
    status,
    headers: {
      "content-type": "application/json",
      ...(release === undefined ? {} : { "x-release": release.replace(/[^\x20-\x7e]/g, "?") })
    },
    body: empty ? "" : JSON.stringify({ status: word, app: container.name, release })
  }
}
