/** Exchanges with a real Coolify 4.3.11, sent again to the sandbox and compared. */
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { initialState } from "../../../src/sandbox/coolify/InitialState.ts"
import * as Harness from "./Harness.ts"

const folder = fileURLToPath(new URL("../../../../shared/data/coolify-recorded/", import.meta.url))

export const isRecorded = existsSync(folder)

interface Exchange {
  readonly n: number
  readonly at: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly abilities: ReadonlyArray<string> | null
    readonly body: unknown
  }
  readonly response: { readonly status: number; readonly body: unknown }
}

/** One place where the sandbox does not answer as Coolify did. */
export interface Difference {
  /** `settings 17`. */
  readonly exchange: string
  /** `PATCH /applications/{id}`. */
  readonly endpoint: string
  /** `null`: one of both has no value. */
  readonly kind: "status" | "missing" | "extra" | "type" | "null" | "text" | "length"
  /** `settings.id`; a list's elements are `[]`. */
  readonly field: string
  readonly coolify: string
  readonly sandbox: string
}

const exchangesOf = (area: string): ReadonlyArray<Exchange> =>
  readFileSync(`${folder}${area}.ndjson`, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Partial<Exchange>)
    .filter((line): line is Exchange => line.request !== undefined && line.response !== undefined)

const id = /[a-z0-9]{24}/g
const isId = (value: unknown): value is string => typeof value === "string" && /^[a-z0-9]{24}$/.test(value)
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const typeOf = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "list" : typeof value)
const isText = (field: string) => /^(message|error|errors\b.*)$/.test(field)

/** Coolify's ids to the sandbox's, learnt from the answers. */
type Ids = Map<string, string>

const mapped = (ids: Ids, text: string) => text.replaceAll(id, (one) => ids.get(one) ?? one)

const mappedBody = (ids: Ids, body: unknown): unknown =>
  body === null || body === undefined ? undefined : JSON.parse(mapped(ids, JSON.stringify(body)))

type Found = Pick<Difference, "kind" | "field" | "coolify" | "sandbox">

const compared = (ids: Ids, field: string, coolify: unknown, sandbox: unknown): ReadonlyArray<Found> => {
  const at = (kind: Difference["kind"], one = String(coolify), other = String(sandbox)) => [
    { kind, field, coolify: one, sandbox: other }
  ]
  if ((coolify === null) !== (sandbox === null)) return at("null", typeOf(coolify), typeOf(sandbox))
  if (typeOf(coolify) !== typeOf(sandbox)) return at("type", typeOf(coolify), typeOf(sandbox))
  if (Array.isArray(coolify) && Array.isArray(sandbox)) {
    const inside = coolify
      .slice(0, sandbox.length)
      .flatMap((one, index) => compared(ids, `${field}[]`, one, sandbox[index]))
    return coolify.length === sandbox.length
      ? inside
      : [...inside, ...at("length", String(coolify.length), String(sandbox.length))]
  }
  if (isObject(coolify) && isObject(sandbox)) {
    const names = [...new Set([...Object.keys(coolify), ...Object.keys(sandbox)])]
    return names.flatMap((name): ReadonlyArray<Found> => {
      const inner = field === "" ? name : `${field}.${name}`
      if (!(name in sandbox))
        return [{ kind: "missing", field: inner, coolify: typeOf(coolify[name]), sandbox: "" }]
      if (!(name in coolify))
        return [{ kind: "extra", field: inner, coolify: "", sandbox: typeOf(sandbox[name]) }]
      return compared(ids, inner, coolify[name], sandbox[name])
    })
  }
  if (isId(coolify) && isId(sandbox)) {
    if (!ids.has(coolify)) ids.set(coolify, sandbox)
    return []
  }
  return isText(field) && typeof coolify === "string" && mapped(ids, coolify) !== sandbox ? at("text") : []
}

const endpointOf = ({ method, path }: Exchange["request"]) =>
  `${method} ${(path.split("?")[0] ?? "")
    .replace("/api/v1", "")
    .replaceAll(id, "{id}")
    .replaceAll(/\/(\d+|nope|abc)(?=\/|$)/g, "/{id}")}`

const secondsOf = (at: string) => {
  const [hours = 0, minutes = 0, seconds = 0] = at.split(":").map(Number)
  return hours * 3600 + minutes * 60 + seconds
}

const bearerOf = (abilities: ReadonlyArray<string> | null): string | null => {
  if (abilities === null || abilities.length === 0) return null
  if (abilities.includes("(invalid token)")) return "1|wrong"
  const key = [...abilities].toSorted().join()
  const bearers: Record<string, string> = {
    "deploy,read,read:sensitive,write": Harness.bearer.full,
    read: Harness.bearer.read,
    write: Harness.bearer.write,
    deploy: Harness.bearer.deploy,
    root: Harness.bearer.root,
    "deploy,read,write": Harness.bearer.plain
  }
  return bearers[key] ?? Harness.bearer.full
}

/** Project and server that were there before the recording. */
const givenProject = "1ry43xgtxdevygxilycidajc"
const givenServer = "m40qny3a9vaqmpyvzjwssei0"

const named = /Application (\S+) deployment queued/

/** Applications that were made outside the recording, as their rows and the answers about them tell. */
const unrecorded = (exchanges: ReadonlyArray<Exchange>) => {
  const made = new Set<string>()
  const found = new Map<string, Record<string, unknown>>()
  for (const { request, response } of exchanges) {
    const used = /v1\/applications\/([a-z0-9]{24})|\/deploy\?uuid=([a-z0-9]{24})/.exec(request.path)
    const uuid = used?.[1] ?? used?.[2]
    const body = isObject(response.body) ? response.body : {}
    if (request.method === "POST" && isId(body["uuid"])) made.add(body["uuid"])
    if (uuid === undefined || made.has(uuid)) continue
    const name = named.exec(JSON.stringify(body))?.[1] ?? body["name"]
    if (response.status === 404 && !found.has(uuid)) continue
    found.set(uuid, {
      docker_registry_image_name: "acme/web:1",
      ports_exposes: "8080",
      ...found.get(uuid),
      ...(typeof name === "string" ? { name } : {})
    })
  }
  return found
}

const composeFile = (web: string) => `services:
  web:
    ${web}
    environment:
      - LOG_LEVEL=\${LOG_LEVEL:-info}
      - DB_PASSWORD=\${SERVICE_PASSWORD_DB}
      - FQDN=\${SERVICE_FQDN_WEB}
      - URL=\${SERVICE_URL_WEB}
      - PORT=8080
    volumes:
      - data:/data
      - ./conf/app.conf:/etc/app.conf
    depends_on: [cache]
  cache:
    image: redis:7.2
    volumes: ["cache:/data"]
  job:
    image: acme/web:1
    command: ["python3","-c","print('migrated')"]
    restart: "no"
    exclude_from_hc: true
volumes:
  data:
  cache:
`

/** What the repositories of the recording had, as its answers tell. */
const repositoryFiles = [
  ["/docker-compose.yaml", composeFile("build: .")],
  ["/docker-compose.img.yaml", composeFile("image: acme/web:1")]
].map(([path = "", content = ""]) => ({
  repository: "https://git.example.com/acme/comp.git",
  path,
  content
}))

/** Sends an area's exchanges in their order and pace to an empty sandbox; answers how many, and what differed. */
export const replay = Effect.fn("replay")(function* (area: string) {
  const { application, project, send, server } = yield* Harness.make({
    initial: { ...initialState({ tokens: Harness.tokens }), repository_files: repositoryFiles }
  })
  const ids: Ids = new Map([
    [givenProject, project],
    [givenServer, server]
  ])
  const exchanges = exchangesOf(area)
  const differences: Array<Difference> = []
  let before = secondsOf(exchanges[0]?.at ?? "")
  for (const [uuid, fields] of unrecorded(exchanges)) ids.set(uuid, yield* application(fields))
  for (const { at, n, request, response } of exchanges) {
    const now = secondsOf(at)
    // Over midnight the clock of the recording starts again.
    yield* TestClock.adjust(Duration.seconds(Math.max(0, now - before)))
    before = now
    const answer = yield* send(request.method, mapped(ids, request.path), {
      body: mappedBody(ids, request.body),
      token: bearerOf(request.abilities)
    })
    const found =
      answer.status === response.status
        ? compared(ids, "", response.body, answer.json ?? answer.text)
        : [
            {
              kind: "status" as const,
              field: "",
              coolify: `${response.status} ${JSON.stringify(response.body).slice(0, 200)}`,
              sandbox: `${answer.status} ${answer.text.slice(0, 200)}`
            }
          ]
    if (answer.status !== response.status) compared(ids, "", response.body, answer.json ?? answer.text)
    differences.push(
      ...found.map((one) => ({ exchange: `${area} ${n}`, endpoint: endpointOf(request), ...one }))
    )
  }
  return { count: exchanges.length, differences }
})
