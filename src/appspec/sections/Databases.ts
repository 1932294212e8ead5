/** `databases`: what the application keeps its data in, each in a container of its own beside it. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type DatabaseEngine, databaseEngines, engineFacts } from "../../coolify/DatabaseEngine.ts"
import { choice, map, oneOf, record, text, wrongKind } from "../Form.ts"
import { databasePattern } from "../Limits.ts"
import { nearest } from "../Nearest.ts"
import { type Complaint, quote } from "../Report.ts"

export interface Database {
  readonly name: string
  readonly engine: DatabaseEngine
  /** `postgres:17`. */
  readonly image: string
}

const words: Readonly<Record<string, DatabaseEngine>> = {
  postgres: "postgresql",
  postgresql: "postgresql",
  mysql: "mysql",
  mariadb: "mariadb",
  mongo: "mongodb",
  mongodb: "mongodb",
  redis: "redis",
  keydb: "keydb",
  dragonfly: "dragonfly",
  clickhouse: "clickhouse"
}

const tag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const form = "e.g. `databases: { main: postgres:17 }`"

const complaint = (message: string, hint = form): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

/** Both halves of `postgres:17`. */
const halves = (written: string): readonly [engine: DatabaseEngine | undefined, version: string] => {
  const at = written.indexOf(":")
  const word = at < 0 ? written : written.slice(0, at)
  return [new Map(Object.entries(words)).get(word), at < 0 ? "" : written.slice(at + 1)]
}

const engineAndVersion = text(
  {
    description: "The engine and its version: `postgres:17`, `redis:7`",
    examples: ["postgres:17", "redis:7"],
    pattern: new RegExp(`^(?:${Object.keys(words).join("|")}):[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
  },
  (written) => {
    const [engine, version] = halves(written)
    const word = written.replace(/:.*/s, "")
    if (engine === undefined) {
      const near = nearest(word, Object.keys(words))
      const long =
        "for an image of another name write `{ engine: postgresql, image: pgvector/pgvector:pg17 }`"
      return complaint(
        `${quote(word)} is no engine that Coolify runs (${Object.keys(words).join(", ")})`,
        near === undefined ? long : `did you mean \`${near}\`?`
      )
    }
    if (!tag.test(version)) {
      return complaint(
        `${quote(written)} does not say which version`,
        `write it behind the engine, e.g. \`${word}:${engine === "postgresql" ? 17 : 8}\`: the data of one version cannot be read by every other`
      )
    }
    return Either.right(written)
  }
)

const long = map(
  {
    engine: choice(databaseEngines, { description: "Which engine the image has" }),
    image: text(
      {
        description: "An image with its tag, for engines with extensions",
        examples: ["pgvector/pgvector:pg17"],
        pattern:
          /^(?=.{1,255}$)[a-z0-9][A-Za-z0-9._/-]*(?::\d{1,5}\/[a-z0-9._/-]+)?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
      },
      (image) =>
        /^[a-z0-9][A-Za-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(image)
          ? Either.right(image)
          : complaint(`${quote(image)} is no image with a tag`, "e.g. `image: pgvector/pgvector:pg17`")
    )
  },
  {
    description: "An engine in an image of another name",
    missing: ({ path }) => ({
      message: `\`${path}\` needs both \`engine\` and \`image\``,
      hint: "or the short form: `postgres:17`"
    }),
    elsewhere: {
      version: "write it behind the engine: `main: postgres:17`",
      url: "an own database needs no entry here: give its URL as a secret"
    }
  }
)

const database = Schema.transform(
  oneOf([engineAndVersion, long], ({ node }) => (node._tag === "Map" ? 1 : 0), {
    description: "The engine and its version (`postgres:17`), or `{ engine, image }`"
  }),
  Schema.Struct({ engine: Schema.Literal(...databaseEngines), image: Schema.String }),
  {
    strict: true,
    decode: (given) => {
      if (typeof given !== "string") return given
      const [engine = "postgresql", version] = halves(given)
      return { engine, image: `${engineFacts[engine].image}:${version}` }
    },
    encode: ({ engine, image }) => {
      const usual = `${engineFacts[engine].image}:`
      const word = Object.entries(words).find(([, named]) => named === engine)?.[0] ?? engine
      return image.startsWith(usual) ? `${word}:${image.slice(usual.length)}` : { engine, image }
    }
  }
)

export const Databases = record(databasePattern, database, {
  description:
    "Databases that the application uses, each with a name of its own. A variable gets at one by `${databases.NAME.url}`. Their data outlives every release",
  value: (field) => wrongKind(field, "an engine and its version", form),
  key: (name) => ({
    message: `${quote(name)} cannot name a database`,
    hint: "lower case letters, digits and `-`, at most 32, the first a letter"
  })
})

export const databasesIn = (given: typeof Databases.Type | undefined): ReadonlyArray<Database> =>
  Object.entries(given ?? {}).map(([name, { engine, image }]) => ({ name, engine, image }))

/** As {@link databasesIn} reads them. */
export const databasesOut = (databases: ReadonlyArray<Database>): typeof Databases.Type =>
  Object.fromEntries(databases.map(({ engine, image, name }) => [name, { engine, image }]))
