/** What `doctor` says of this machine. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { clock, nameServers, ownFile, routes } from "../../src/cli/MachineChecks.ts"
import { answerTo, fakeNameServer, type FakeQuery } from "../dns/FakeNameServer.ts"

const url = new URL("https://coolify.example.com/api/health")
const now = Date.UTC(2026, 0, 1, 12, 0, 0)

/** Answers with this Date, at a time that is `now` here. */
const askedAt = (date: string | undefined) =>
  TestClock.setTime(now).pipe(
    Effect.zipRight(clock(url)),
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.succeed(
          HttpClientResponse.fromWeb(
            request,
            new Response("", { status: 401, headers: date === undefined ? {} : { date } })
          )
        )
      )
    )
  )

const at = (seconds: number) => new Date(now + seconds * 1000).toUTCString()

describe("the clock", () => {
  for (const [seconds, state, detail] of [
    [0, "passed", "as coolify.example.com has it"],
    [30, "passed", ""],
    [-31, "passed", ""],
    [31, "warned", "31 s behind coolify.example.com"],
    [-95, "warned", "94 s ahead of coolify.example.com"]
  ] as const) {
    it.effect(`of a server that has it ${seconds} s off`, () =>
      Effect.gen(function* () {
        const seen = yield* askedAt(at(seconds))
        assert.strictEqual(seen.state, state)
        assert.include(seen.detail, detail)
      })
    )
  }

  it.effect("of a server that tells none is not seen", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* askedAt(undefined)).state, "unseen")
    })
  )
})

describe("the proxies", () => {
  const of = (variables: Record<string, string>) =>
    Effect.withConfigProvider(
      routes("https://coolify.example.com/api/v1"),
      ConfigProvider.fromMap(new Map(Object.entries(variables)))
    )

  it.effect("are named with what goes through them, without their password", () =>
    Effect.gen(function* () {
      const proxy = "http://me:s3cret@proxy.example.net:3128"
      const through = yield* of({ HTTPS_PROXY: proxy, NO_PROXY: ".internal" })
      assert.include(through.detail, "Coolify (coolify.example.com) is asked through proxy.example.net:3128")
      assert.include(through.detail, "NO_PROXY: .internal")
      assert.notInclude(through.detail, "s3cret")
      const direct = yield* of({ HTTPS_PROXY: proxy, NO_PROXY: "example.com" })
      assert.include(direct.detail, "Coolify (coolify.example.com) is asked directly")
      assert.strictEqual((yield* of({})).detail, "none is set: everything is asked directly")
      assert.strictEqual((yield* of({ HTTPS_PROXY: "socks5://x" })).state, "failed")
    })
  )
})

describe("its files", () => {
  it.effect("are their owner's alone, or told with what to do", () =>
    Effect.gen(function* () {
      const root = mkdtempSync(join(tmpdir(), "fabrik-machine-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(root, { recursive: true })))
      const file = join(root, ".env")
      assert.strictEqual((yield* ownFile(file, "600")).detail, "there is none")
      writeFileSync(file, "", { mode: 0o600 })
      assert.strictEqual((yield* ownFile(file, "600")).state, "passed")
      chmodSync(file, 0o640)
      const open = yield* ownFile(file, "600")
      assert.deepStrictEqual([open.state, open.next], ["warned", `chmod 600 ${file}`])
      assert.include(open.detail, "mode 640")
      mkdirSync(join(root, ".fabrik"))
      chmodSync(join(root, ".fabrik"), 0o711)
      assert.strictEqual((yield* ownFile(join(root, ".fabrik"), "700")).state, "warned")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})

describe("port 53", () => {
  const seen = (respond: (query: FakeQuery) => ReturnType<typeof answerTo> | undefined) =>
    Effect.gen(function* () {
      const server = yield* fakeNameServer((query) => {
        const reply = respond(query)
        return reply === undefined ? [] : [reply]
      })
      return yield* nameServers([server])
    })

  it.scopedLive("is open where a root server answers for itself over both transports", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* seen((query) => answerTo(query))).state, "passed")
    })
  )

  it.scopedLive("is told from a resolver in between", () =>
    Effect.gen(function* () {
      const found = yield* seen((query) => answerTo(query, { authoritative: false }))
      assert.deepStrictEqual(
        [found.state, found.detail],
        ["warned", "something in between answers in the place of the name servers"]
      )
    })
  )

  it.scopedLive("is closed where one transport is silent, or both", () =>
    Effect.gen(function* () {
      const one = (transport: FakeQuery["transport"]) =>
        seen((query) => (query.transport === transport ? answerTo(query) : undefined))
      const [udp, tcp, none] = yield* Effect.all([one("udp"), one("tcp"), seen(() => undefined)], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        [udp.state, udp.detail],
        ["warned", "over UDP a root server answers, over TCP none does"]
      )
      assert.deepStrictEqual(
        [tcp.state, tcp.detail],
        ["failed", "over UDP no root server answers, over TCP one does"]
      )
      assert.strictEqual(none.state, "failed")
    })
  )
})
