/** What a folder tells of the application in it: enough for a first spec. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { basename, join } from "node:path"
import { parseEnvFile } from "../secrets/EnvFile.ts"
import { label } from "./Draft.ts"
import { isPlaceholder } from "./Heroku.ts"
import { originIn } from "./Origin.ts"
import { isSecret, namesSecret, ruleOf } from "./Plain.ts"

/** Something that was found, and the file that says so. */
interface Found<A> {
  readonly value: A
  readonly file: string
}

export interface Around {
  /** A file that `import` makes whole specs of. */
  readonly importable: string | undefined
  /** A DNS label; `undefined`: not even the folder's name is one. */
  readonly name: Found<string> | undefined
  readonly origin:
    | { readonly repository: string; readonly branch: string; readonly folder: string }
    | undefined
  /** How Coolify builds it; `undefined`: it finds out by itself. */
  readonly buildPack: "dockerfile" | "static" | undefined
  readonly port: Found<number> | undefined
  /** What usually is right, and nothing here says. */
  readonly usualPort: number | undefined
  /** The list of variables that the application reads, without their values. */
  readonly variables: Found<ReadonlyArray<string>> | undefined
  readonly secrets: ReadonlyArray<readonly [name: string, rule: "required" | "generate"]>
}

const importable = [
  "docker-compose.yml",
  "docker-compose.yaml",
  "compose.yaml",
  "compose.yml",
  "render.yaml",
  "fly.toml",
  "config/deploy.yml",
  "railway.json",
  "app.json"
]
const envExamples = [".env.example", ".env.sample", ".env.template", ".env.dist", "env.example"]

const Manifest = Schema.parseJson(Schema.Struct({ name: Schema.optional(Schema.String) }))

/** Its address stands with a user and a password in it. */
const address = /(?:^|_)(?:DATABASE|DB|REDIS|VALKEY|MONGO(?:DB)?|POSTGRES(?:QL)?|MYSQL|AMQP|RABBITMQ)_UR[IL]$/

/** The first TCP port that the last stage exposes; a variable by the value that the file gives it. */
export const exposedPort = (dockerfile: string): number | undefined => {
  const lines = dockerfile.replace(/\\\r?\n/g, " ").split(/\r?\n/)
  const last = lines.slice(lines.findLastIndex((line) => /^\s*FROM\s/i.test(line)) + 1)
  const values = new Map(
    lines.flatMap((line) =>
      /^\s*(?:ENV|ARG)\s/i.test(line)
        ? [...line.matchAll(/([A-Za-z_]\w*)[= ]"?(\d{1,5})"?(?=\s|$)/g)].map(
            ([, name = "", value = ""]) => [name, value] as const
          )
        : []
    )
  )
  const words = last.flatMap((line) => /^\s*EXPOSE\s+(.+)$/i.exec(line)?.[1]?.trim().split(/\s+/) ?? [])
  const ports = words
    .filter((word) => !/\/udp$/i.test(word))
    .map((word) => word.replace(/\/tcp$/i, ""))
    .map((word) => {
      const [, name, fallback] = /^\$\{?(\w+)(?::-(\d+))?\}?$/.exec(word) ?? []
      return Number(name === undefined ? word : (values.get(name) ?? fallback))
    })
  const [port] = ports
  return port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined
}

/** Reads files of `folder` and git's own, and nothing else; values of secrets are read past. */
export const lookAround = Effect.fn("lookAround")(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const here = yield* Effect.orElseSucceed(fs.realPath(folder), () => folder)
  const read = (name: string) => Effect.option(fs.readFileString(join(here, name)))
  const first = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
    for (const name of names) {
      const text = yield* read(name)
      if (Option.isSome(text)) return { value: text.value, file: name }
    }
    return undefined
  })
  const origin = yield* originIn(here)
  const manifest = yield* read("package.json")
  const named = Option.flatMap(manifest, Schema.decodeOption(Manifest)).pipe(
    Option.flatMapNullable(({ name }) => name?.replace(/^@[^/]*\//, "")),
    Option.getOrUndefined
  )
  const dockerfile = yield* read("Dockerfile")
  const exposed = Option.getOrUndefined(Option.flatMapNullable(dockerfile, exposedPort))
  const page = Option.isSome(yield* read("index.html"))
  const example = yield* first(envExamples)
  const variables = example === undefined ? [] : variablesIn(example.value)
  const listed = variables.find(({ name, value }) => name === "PORT" && isPort(value))
  const isStatic = Option.isNone(dockerfile) && Option.isNone(manifest) && page
  const names = [
    { value: label(named ?? ""), file: "package.json" },
    { value: label(origin?.repository.split("/").at(-1) ?? ""), file: ".git/config" },
    { value: label(basename(here)), file: "the folder's name" }
  ]
  const around: Around = {
    importable: (yield* first(importable))?.file,
    name: names.find(({ value }) => value !== ""),
    origin,
    buildPack: Option.isSome(dockerfile) ? "dockerfile" : isStatic ? "static" : undefined,
    port:
      exposed !== undefined
        ? { value: exposed, file: "Dockerfile" }
        : listed !== undefined && example !== undefined
          ? { value: Number(listed.value), file: example.file }
          : isStatic
            ? { value: 80, file: "index.html" }
            : undefined,
    usualPort: Option.isSome(manifest) ? 3000 : undefined,
    variables:
      example === undefined
        ? undefined
        : {
            value: variables.flatMap(({ name, secret }) => (secret || name === "PORT" ? [] : [name])),
            file: example.file
          },
    secrets: variables.flatMap(({ name, secret }) => (secret ? [[name, ruleOf(name)] as const] : []))
  }
  return around
})

const isPort = (text: string): boolean =>
  /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

const variablesIn = (text: string) =>
  [...parseEnvFile(text).entries].map(([name, { value }]) => {
    const known = Either.isRight(value) ? Redacted.value(value.right) : ""
    const secret =
      isSecret(name, known) || namesSecret(name) || isPlaceholder(name, known) || address.test(name)
    return { name, secret, value: secret ? "" : known }
  })
