/**
 * A DNS account in this process, behind the API of a provider: rows, what it was asked, and faults. An emulator
 * ({@link Speaks}) says how its provider is spoken to; no socket is opened.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import type { RecordSet } from "../../../src/dns/DnsClient.ts"
import type { DnsProviderValue } from "../../../src/dns/Provider.ts"
import { DnsBench, type Fault as ContractFault } from "../../contract/DnsClientContract.ts"

export interface Row {
  readonly id: number
  readonly zone: string
  /** Absolute. */
  readonly name: string
  readonly type: string
  readonly ttl: number | undefined
  /** A text without quotes, a name without final dot. */
  readonly value: string
  readonly comment: string | undefined
  /** What the provider keeps of its set beside that, and fabrik never speaks of. */
  readonly labels?: string | undefined
}

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** When, by the client's clock. */
  readonly millis: number
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, unless it is a text. */
  readonly body?: unknown
}

export class Refused extends Error {
  readonly reply: Reply
  constructor(reply: Reply) {
    super(JSON.stringify(reply))
    this.reply = reply
  }
}

/** What happens to the next write, once. */
export interface Fault {
  /** Instead of doing it. */
  readonly instead?: Reply | "reset"
  /** After it was done. */
  readonly afterwards?: Reply | "reset"
  /** How many writes go well before. */
  readonly after?: number
  readonly meanwhile?: () => void
}

export interface Speaks {
  /** Whether a list may come in several answers. */
  readonly pages: boolean
  /** What is kept of somebody's record beside its values, where that is more than a TTL. */
  readonly extras?: Partial<Row>
  readonly provider: DnsProviderValue
  /** Values for its variables; the base URL is `https://api.test`. */
  readonly variables: Readonly<Record<string, string>>
  /** Whether records bear comments there. */
  readonly comments: boolean
  readonly isWrite?: (asked: Asked) => boolean
  readonly answer: (account: Account, asked: Asked) => Reply
  /** As it refuses one request too many. */
  readonly tooMany: Reply
}

const allOfIt = 1000

export class Account {
  rows: ReadonlyArray<Row> = []
  readonly zones: ReadonlyArray<string> = ["example.test", "sub.example.test"]
  readonly asked: Array<Asked> = []
  readonly faults: Array<Fault> = []
  /** The most that an answer lists. */
  pageSize = allOfIt
  /** How many answers were less than the whole list. */
  cuts = 0
  private ids = 100
  private readonly speaks: Speaks

  constructor(speaks: Speaks) {
    this.speaks = speaks
  }

  add(row: Omit<Row, "id">): Row {
    const added = { ...row, id: ++this.ids }
    this.rows = [...this.rows, added]
    return added
  }

  /** Replaces the set of that name and type. */
  put(
    zone: string,
    name: string,
    type: string,
    rows: ReadonlyArray<Omit<Row, "id" | "name" | "type" | "zone">>
  ) {
    this.rows = this.rows.filter((row) => row.zone !== zone || row.name !== name || row.type !== type)
    for (const row of rows) this.add({ zone, name, type, ...row })
  }

  /** All or nothing. */
  transaction<A>(run: () => A): A {
    const before = this.rows
    try {
      return run()
    } catch (error) {
      this.rows = before
      throw error
    }
  }

  in(zone: string): ReadonlyArray<Row> {
    return this.rows.filter((row) => row.zone === zone)
  }

  /** Rows by name and type. */
  sets(zone: string): ReadonlyArray<ReadonlyArray<Row>> {
    const sets = new Map<string, Array<Row>>()
    for (const row of this.in(zone)) {
      const key = `${row.name} ${row.type}`
      sets.set(key, [...(sets.get(key) ?? []), row])
    }
    return [...sets.values()]
  }

  page<A>(all: ReadonlyArray<A>, page: number): { readonly items: ReadonlyArray<A>; readonly last: boolean } {
    const end = page * this.pageSize
    if (end < all.length) this.cuts += 1
    return { items: all.slice(end - this.pageSize, end), last: end >= all.length }
  }

  reply(asked: Asked): Reply | "reset" {
    this.asked.push(asked)
    const isWrite = this.speaks.isWrite?.(asked) ?? asked.method !== "GET"
    const [fault] = this.faults
    const due = isWrite && fault !== undefined && (fault.after ?? 0) === 0
    if (isWrite && fault !== undefined) {
      if (due) this.faults.shift()
      else this.faults[0] = { ...fault, after: (fault.after ?? 0) - 1 }
    }
    if (due && fault.instead !== undefined) {
      fault.meanwhile?.()
      return fault.instead
    }
    try {
      const reply = this.speaks.answer(this, asked)
      if (due) fault.meanwhile?.()
      return (due ? fault.afterwards : undefined) ?? reply
    } catch (error) {
      if (error instanceof Refused) return error.reply
      throw error
    }
  }

  get writes(): ReadonlyArray<Asked> {
    return this.asked.filter((asked) => this.speaks.isWrite?.(asked) ?? asked.method !== "GET")
  }

  readonly client = HttpClient.make((request, url) =>
    // As a socket would: whoever else waits has a turn.
    Effect.flatMap(Effect.zipRight(turn, Clock.currentTimeMillis), (millis) => {
      const { body } = request
      const reply = this.reply({
        method: request.method,
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: request.headers,
        body: body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : "",
        millis
      })
      if (reply === "reset") {
        return Effect.fail(
          new HttpClientError.RequestError({ request, reason: "Transport", cause: { code: "ECONNRESET" } })
        )
      }
      const text =
        reply.body === undefined
          ? null
          : typeof reply.body === "string"
            ? reply.body
            : JSON.stringify(reply.body)
      const empty = reply.status === 204 || reply.status === 304
      return Effect.succeed(
        HttpClientResponse.fromWeb(
          request,
          new Response(empty ? null : text, { status: reply.status, headers: { ...reply.headers } })
        )
      )
    })
  )
}

const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

export class TheAccount extends Context.Tag("fabrik/test/dns/records/Account/TheAccount")<
  TheAccount,
  Account
>() {}

/** Where the mark of a name and type stands, and what it says: stated here a second time, as records outlive versions. */
export const markOf = ({ comment, name, type, values }: RecordSet) => ({
  name: name.startsWith("*.")
    ? `_fabrik-${type.toLowerCase()}-wildcard.${name.slice(2)}`
    : `_fabrik-${type.toLowerCase()}.${name}`,
  value: `v=fabrik1 h=${createHash("sha256")
    .update(JSON.stringify([type, values.toSorted()]))
    .digest("hex")
    .slice(0, 16)} ${comment}`
})

/** The record sets at a name, with their comments, wherever those stand. */
export const standing = (account: Account, { comments }: Speaks, name: string): ReadonlyArray<RecordSet> =>
  account.zones
    .flatMap((zone) => account.sets(zone))
    .flatMap((rows) => {
      const [first] = rows
      if (first === undefined || first.name !== name) return []
      const { comment, ttl, type } = first
      const set = { name, type, ttl, values: rows.map(({ value }) => value), proxied: false, comment }
      if (comments) return [set]
      const mark = markOf({ ...set, comment: "" })
      const [claim] = account.rows.filter(
        (row) => row.name === mark.name && row.type === "TXT" && row.value.startsWith(mark.value)
      )
      return [{ ...set, comment: claim?.value.slice(mark.value.length) }]
    })

/** Somebody writes, in the provider's own console or with another fabrik. */
export const seed = (account: Account, { comments }: Speaks, recordSet: RecordSet): void => {
  const { comment, name, ttl, type, values } = recordSet
  const zone = [...account.zones]
    .toSorted((a, b) => b.length - a.length)
    .find((each) => name === each || name.endsWith(`.${each}`))!
  for (const value of values) {
    account.add({ zone, name, type, ttl, value, comment: comments ? comment : undefined })
  }
  if (comments || comment === undefined) return
  const mark = markOf(recordSet)
  account.add({ zone, name: mark.name, type: "TXT", ttl, value: mark.value, comment: undefined })
}

/** By name and type, with all that is kept but numbers. */
const everything = (account: Account): ReadonlyArray<string> =>
  account.zones
    .flatMap((zone) => account.sets(zone))
    .map((rows) =>
      JSON.stringify(
        rows.map(({ comment, labels, name, ttl, type, value, zone }) => ({
          name,
          type,
          zone,
          ttl,
          value,
          comment,
          labels
        }))
      )
    )
    .toSorted()

const faults = ({ tooMany }: Speaks): Readonly<Record<ContractFault["how"], Fault>> => ({
  lost: { afterwards: "reset" },
  dropped: { instead: "reset" },
  refused: { instead: { status: 403, body: {} } },
  "too many": { instead: tooMany }
})

const benchOver = (account: Account, speaks: Speaks): DnsBench["Type"] => ({
  zone: "example.test",
  seed: (recordSet) => Effect.sync(() => seed(account, speaks, recordSet)),
  furnish: (name) =>
    Effect.sync(() => {
      for (const value of ["198.51.100.8", "198.51.100.7"]) {
        const ttl = 2 * Math.max(600, speaks.provider.capabilities.minTtl)
        account.add({
          zone: "example.test",
          name,
          type: "A",
          ttl,
          value,
          comment: undefined,
          ...speaks.extras
        })
      }
    }),
  standing: (name) => Effect.sync(() => standing(account, speaks, name)),
  everything: Effect.sync(() => everything(account)),
  fail: ({ after, how, meanwhile }) =>
    Effect.sync(() => {
      const others = () => meanwhile && seed(account, speaks, meanwhile)
      account.faults.push({ ...faults(speaks)[how], after, meanwhile: others })
    }),
  calm: Effect.sync(() => void (account.faults.length = 0)),
  writes: Effect.sync(() => account.writes.length),
  inPages: (size) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const from = account.cuts
        account.pageSize = size
        return Effect.sync(() => account.cuts - from)
      }),
      () => Effect.sync(() => void (account.pageSize = allOfIt))
    )
})

const layerClient = (speaks: Speaks) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const account = yield* TheAccount
      const { variables } = speaks.provider
      const given = Object.fromEntries(
        Object.entries(speaks.variables).map(([name, value]) => [
          name,
          variables[name]?.secret === true ? Redacted.make(value) : value
        ])
      )
      const layer = yield* Effect.promise(() => speaks.provider.make(given))
      return Layer.provide(layer, Layer.succeed(HttpClient.HttpClient, account.client))
    })
  )

/** The client, the account behind it, and the contract's bench. */
export const layerOver = (speaks: Speaks) =>
  Layer.mergeAll(
    layerClient(speaks),
    Layer.effect(
      DnsBench,
      Effect.map(TheAccount, (account) => benchOver(account, speaks))
    )
  ).pipe(Layer.provideMerge(Layer.sync(TheAccount, () => new Account(speaks))))
