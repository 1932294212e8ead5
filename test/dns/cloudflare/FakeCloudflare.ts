/** Cloudflare's API v4 for zones and DNS records on loopback: its checks, its error codes, its paging, and faults. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface FakeRecord {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly content: string
  readonly ttl: number
  readonly proxied: boolean
  readonly comment: string | null
  readonly tags: ReadonlyArray<string>
  readonly priority?: number
  readonly data?: Readonly<Record<string, number | string>>
}

export interface FakeZone {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly type?: string
}

export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
}

/** What happens to the next request that matches, once. */
export interface Intercept {
  readonly matches: (request: FakeRequest) => boolean
  /** Instead of doing what was asked. */
  readonly instead?: Reply | "reset"
  /** After it was done: sent in the place of the true answer. */
  readonly afterwards?: Reply | "reset"
  /** Between doing and answering. */
  readonly meanwhile?: () => void
}

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

export const token = "cf-token-51b2c9"

class Refused extends Error {
  readonly reply: Reply
  constructor(status: number, code: number, message: string) {
    super(message)
    this.reply = { status, body: { success: false, errors: [{ code, message }], messages: [], result: null } }
  }
}

/** SRV and CAA take their fields and no content, which it makes of them; an MX takes its priority beside its content. */
const withContent = <F extends Partial<FakeRecord> & Pick<FakeRecord, "type" | "content">>(fields: F): F => {
  const { data, type } = fields
  if (type === "MX" && fields.priority === undefined) throw new Refused(400, 9101, "priority is required")
  if (type !== "SRV" && type !== "CAA") return fields
  if (data === undefined) throw new Refused(400, 9101, "DNS record data is required")
  const { flags, port, priority, tag, target, value, weight } = data
  return type === "SRV"
    ? { ...fields, content: `${weight} ${port} ${target}`, priority: Number(priority) }
    : { ...fields, content: `${flags} ${tag} "${value}"` }
}

export class FakeWorld {
  readonly zones: Array<FakeZone> = []
  readonly requests: Array<FakeRequest> = []
  readonly intercepts: Array<Intercept> = []
  records: ReadonlyArray<FakeRecord> = []
  /** Whether the token may list all zones. */
  listsZones = true
  /** The most records on a page, whatever is asked. */
  pageSize = 100
  /** How many answers were less than the whole list. */
  cuts = 0
  private ids = 0

  add(given: Partial<FakeRecord> & Pick<FakeRecord, "name" | "type" | "content">): FakeRecord {
    const fields = withContent(given)
    const record: FakeRecord = {
      id: `r${++this.ids}`,
      ttl: 1,
      proxied: false,
      comment: null,
      tags: [],
      ...fields
    }
    if (record.comment !== null && record.comment.length > 100)
      throw new Refused(400, 9313, "Comment is too long")
    if (record.ttl !== 1 && record.ttl < 60) throw new Refused(400, 9021, "Invalid TTL")
    const others = this.records.filter((each) => each.name === record.name && each.id !== record.id)
    if (others.some((each) => each.type === record.type && each.content === record.content)) {
      throw new Refused(400, 81058, "An identical record already exists.")
    }
    if (
      others.some((each) => each.type === "CNAME" || (record.type === "CNAME" && each.type.startsWith("A")))
    ) {
      throw new Refused(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
    }
    const stored = {
      ...record,
      comment: record.comment === "" ? null : record.comment,
      ttl: record.proxied ? 1 : record.ttl
    }
    const at = this.records.findIndex((each) => each.id === record.id)
    this.records = at < 0 ? [...this.records, stored] : this.records.with(at, stored)
    return stored
  }

  delete(id: string): void {
    if (!this.records.some((each) => each.id === id)) throw new Refused(404, 81044, "Record does not exist.")
    this.records = this.records.filter((each) => each.id !== id)
  }

  private batch(body: {
    readonly deletes?: ReadonlyArray<{ readonly id: string }>
    readonly patches?: ReadonlyArray<Partial<FakeRecord> & { readonly id: string }>
    readonly posts?: ReadonlyArray<FakeRecord>
  }) {
    const before = this.records
    try {
      for (const { id } of body.deletes ?? []) this.delete(id)
      const patches = (body.patches ?? []).map((patch) => {
        const old = this.records.find((each) => each.id === patch.id)
        if (old === undefined) throw new Refused(404, 81044, "Record does not exist.")
        return this.add({ ...old, ...patch })
      })
      return {
        deletes: body.deletes ?? [],
        patches,
        puts: [],
        posts: (body.posts ?? []).map((each) => this.add(each))
      }
    } catch (error) {
      this.records = before
      throw error
    }
  }

  private zoneOf({ name }: FakeRecord) {
    const holding = this.zones.filter((zone) => name === zone.name || name.endsWith(`.${zone.name}`))
    return holding.toSorted((a, b) => b.name.length - a.name.length)[0]
  }

  private page(all: ReadonlyArray<unknown>, query: URLSearchParams) {
    const size = Math.min(this.pageSize, Number(query.get("per_page") ?? 100))
    const page = Number(query.get("page") ?? 1)
    const result = all.slice((page - 1) * size, page * size)
    if (page * size < all.length) this.cuts += 1
    return { result, result_info: { page, per_page: size, total_pages: Math.ceil(all.length / size) } }
  }

  perform({ method, path, query, body }: FakeRequest): unknown {
    if (method === "GET" && path === "/zones") {
      const name = query.get("name")
      if (name === null && !this.listsZones)
        throw new Refused(403, 9109, 'Requires permission "com.cloudflare.api.account.zone.list"')
      return this.page(
        this.zones.filter((zone) => name === null || zone.name === name),
        query
      )
    }
    const [, zoneId, rest] = /^\/zones\/([^/]+)(\/.*)?$/.exec(path) ?? []
    const zone = this.zones.find(({ id }) => id === zoneId)
    if (zone === undefined) throw new Refused(404, 7003, "Could not route to the zone.")
    if (method === "GET" && rest === undefined) return { result: zone }
    if (method === "GET" && rest === "/dns_records") {
      const name = query.get("name.exact")
      return this.page(
        this.records.filter(
          (record) =>
            this.zoneOf(record)?.id === zone.id &&
            (name === null || record.name === name) &&
            (record.comment ?? "").startsWith(query.get("comment.startswith") ?? "")
        ),
        query
      )
    }
    if (method === "POST" && rest === "/dns_records/batch") return { result: this.batch(JSON.parse(body)) }
    throw new Refused(405, 10000, "Method not allowed")
  }

  answer(request: FakeRequest, authorization: string | undefined): Reply | "reset" {
    this.requests.push(request)
    const at = this.intercepts.findIndex(({ matches }) => matches(request))
    const [intercept] = at < 0 ? [] : this.intercepts.splice(at, 1)
    if (intercept?.instead !== undefined) {
      intercept.meanwhile?.()
      return intercept.instead
    }
    try {
      if (authorization !== `Bearer ${token}`) throw new Refused(403, 9109, "Invalid access token")
      const done = this.perform(request) as object
      intercept?.meanwhile?.()
      return (
        intercept?.afterwards ?? { status: 200, body: { success: true, errors: [], messages: [], ...done } }
      )
    } catch (error) {
      if (error instanceof Refused) return error.reply
      throw error
    }
  }
}

const text = async (message: IncomingMessage) => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of message) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString()
}

const handle = async (world: FakeWorld, message: IncomingMessage, response: ServerResponse) => {
  const url = new URL(message.url ?? "/", "http://fake")
  const body = await text(message)
  const { method = "" } = message
  const reply = world.answer(
    { method, path: url.pathname.replace("/client/v4", ""), query: url.searchParams, body },
    message.headers.authorization
  )
  if (reply === "reset") return void message.socket.resetAndDestroy()
  response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers })
  response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body))
}

export class FakeCloudflare extends Context.Tag("fabrik/test/dns/cloudflare/FakeCloudflare")<
  FakeCloudflare,
  { readonly url: string; readonly world: FakeWorld }
>() {}

/** With the zones `example.test` and `sub.example.test`. */
export const layerFakeCloudflare = Layer.scoped(
  FakeCloudflare,
  Effect.gen(function* () {
    const world = new FakeWorld()
    world.zones.push(
      { id: "z1", name: "example.test", status: "active" },
      { id: "z2", name: "sub.example.test", status: "active" }
    )
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const started = createServer((message, response) => void handle(world, message, response))
        started.listen(0, "127.0.0.1", () => resume(Effect.succeed(started)))
      }),
      (started) =>
        Effect.async<void>((resume) => {
          started.close(() => resume(Effect.void))
          started.closeAllConnections()
        })
    )
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`, world }
  })
)
