/** `databases`: what the application keeps its data in, each in a container of its own beside it. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import {
  type DatabaseEngine,
  databaseEngines,
  engineFacts,
  hasBackups
} from "../../coolify/DatabaseEngine.ts"
import type { Check } from "../Decode.ts"
import { choice, defaulted, integer, map, oneOf, optional, record, text, wrongKind } from "../Form.ts"
import { databasePattern, ranges, serverPattern } from "../Limits.ts"
import { nearest } from "../Nearest.ts"
import { type Complaint, quote } from "../Report.ts"
import { When } from "./Cron.ts"

export interface Database {
  readonly name: string
  readonly engine: DatabaseEngine
  /** `postgres:17`. */
  readonly image: string
  readonly backup?: DatabaseBackup
  /** The port of the server at which everybody reaches it. */
  readonly publicPort?: number
}

/** One that is there without the spec, which only uses it. */
export interface SharedDatabase {
  readonly name: string
  /** Its name or uuid in Coolify. */
  readonly use: string
}

/** What Coolify calls a database of a spec: other specs use it by this name. */
export const databaseName = (spec: string, database: string): string => `${spec}-${database}`

/** When Coolify backs it up. */
export interface DatabaseBackup {
  readonly schedule: string
  /** How many files stay, on the server and in S3 each. */
  readonly keep: number
  /** The name of an S3 storage in Coolify. */
  readonly s3?: string
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

const backupForm = 'e.g. `backup: { schedule: "0 3 * * *", keep: 7 }`'

const backup = map(
  {
    schedule: When("When it is backed up"),
    keep: defaulted(
      integer(ranges.keptBackups, { description: "How many files are kept; the oldest is deleted" }),
      7
    ),
    s3: optional(
      text(
        {
          description: "The name of an S3 storage in Coolify that the files are sent to as well",
          examples: ["backups"],
          pattern: serverPattern
        },
        (name) =>
          serverPattern.test(name)
            ? Either.right(name)
            : complaint(
                `${quote(name)} is no name of an S3 storage`,
                "as it stands in Coolify under S3 Storages"
              )
      )
    )
  },
  {
    description: "Backups that Coolify makes of it, on the server",
    hint: backupForm,
    missing: ({ path }) => ({ message: `\`${path}\` needs a \`schedule\``, hint: backupForm }),
    elsewhere: {
      cron: "did you mean `schedule`?",
      frequency: "did you mean `schedule`?",
      retention: "did you mean `keep`?"
    }
  }
)

const own = {
  backup: optional(backup),
  public: optional(
    integer(ranges.publicPort, {
      description:
        "The port of the server at which the whole internet reaches it, unencrypted; without it, only containers of its server do"
    })
  )
}

const elsewhere = {
  url: "an own database needs no entry here: give its URL as a secret",
  ports: "did you mean `public: 5433`? It opens that port of the server to the internet",
  port: "did you mean `public`? It opens that port of the server to the internet",
  publicPort: "did you mean `public`?",
  public_port: "did you mean `public`?",
  is_public: "did you mean `public: 5433`? It opens that port of the server to the internet"
}

const versioned = map(
  { engine: engineAndVersion, ...own },
  {
    description: "An engine with its version, how it is backed up, and where it is reached from outside",
    missing: ({ path }) => ({
      message: `\`${path}\` needs an \`engine\` with its version`,
      hint: "e.g. `{ engine: postgres:17 }`, or the short form: `postgres:17`"
    }),
    elsewhere: { ...elsewhere, version: "write it behind the engine: `engine: postgres:17`" }
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
    ),
    ...own
  },
  {
    description: "An engine, its image, how it is backed up, and where it is reached from outside",
    missing: ({ path }) => ({
      message: `\`${path}\` needs both \`engine\` and \`image\``,
      hint: "or the short form: `postgres:17`"
    }),
    elsewhere: { ...elsewhere, version: "write it behind the image: `image: postgres:17`" }
  }
)

const useForm = "e.g. `databases: { main: { use: shop-main } }`"

const shared = map(
  {
    use: text(
      {
        description:
          "The name or uuid of a database that Coolify has already, another spec's for example: it is neither made, changed nor deleted",
        examples: ["shop-main"],
        pattern: serverPattern
      },
      (name) =>
        name.trim() !== "" && serverPattern.test(name)
          ? Either.right(name.trim())
          : complaint("this names no database", useForm)
    )
  },
  {
    description: "A database that is there already",
    hint: useForm,
    elsewhere: {
      backup: "whoever has made the database backs it up",
      engine: "Coolify knows which engine it has",
      image: "Coolify knows which image it has",
      public: "whoever has made the database opens it"
    }
  }
)

const database = Schema.transform(
  oneOf(
    // As they are written back, too: the first that fits.
    [engineAndVersion, long, versioned, shared],
    ({ node }) => {
      if (node._tag !== "Map") return 0
      const has = (name: string) => node.entries.some(({ key }) => key === name)
      return has("use") ? 3 : has("image") ? 1 : 2
    },
    {
      description:
        "The engine and its version (`postgres:17`), `{ engine: postgres:17, backup, public }`, `{ engine, image, backup, public }` for an image of another name, or `{ use }` for one that is there"
    }
  ),
  Schema.Union(
    Schema.Struct({
      engine: Schema.Literal(...databaseEngines),
      image: Schema.String,
      backup: Schema.optionalWith(Schema.typeSchema(backup), { exact: true }),
      public: Schema.optionalWith(Schema.Number, { exact: true })
    }),
    Schema.Struct({ use: Schema.String })
  ),
  {
    strict: true,
    decode: (given) => {
      if (typeof given !== "string" && ("use" in given || "image" in given)) return given
      const { engine: written, ...more } = typeof given === "string" ? { engine: given } : given
      const [engine = "postgresql", version] = halves(written)
      return { engine, image: `${engineFacts[engine].image}:${version}`, ...more }
    },
    encode: (written) => {
      if ("use" in written) return written
      const { engine, image, ...more } = written
      const usual = `${engineFacts[engine].image}:`
      if (!image.startsWith(usual)) return written
      const word = Object.entries(words).find(([, named]) => named === engine)?.[0] ?? engine
      const short = `${word}:${image.slice(usual.length)}`
      return Object.keys(more).length === 0 ? short : { engine: short, ...more }
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

export const databasesIn = (
  given: typeof Databases.Type | undefined,
  check: Check
): ReadonlyArray<Database> =>
  Object.entries(given ?? {}).flatMap(([name, written], index, all): ReadonlyArray<Database> => {
    if ("use" in written) return []
    const { backup: asked, engine, image, public: publicPort } = written
    const taken = all
      .slice(0, index)
      .find(([, other]) => publicPort !== undefined && "public" in other && other.public === publicPort)
    const port = taken === undefined ? undefined : check.at("databases", name, "public")
    if (taken !== undefined && port !== undefined) {
      check.complain(port, {
        message: `${taken[0]} has the port ${publicPort} already`,
        hint: "give each its own"
      })
    }
    const field = asked === undefined ? undefined : check.at("databases", name, "backup")
    if (field !== undefined && !hasBackups(engine)) {
      check.complain(field, {
        message: `Coolify makes no backups of ${engine}`,
        hint: "remove `backup`"
      })
    }
    return [
      {
        name,
        engine,
        image,
        ...(asked === undefined ? {} : { backup: asked }),
        ...(publicPort === undefined ? {} : { publicPort })
      }
    ]
  })

export const sharedDatabasesIn = (given: typeof Databases.Type | undefined): ReadonlyArray<SharedDatabase> =>
  Object.entries(given ?? {}).flatMap(([name, written]) =>
    "use" in written ? [{ name, use: written.use }] : []
  )

/** As {@link databasesIn} and {@link sharedDatabasesIn} read them. */
export const databasesOut = (databases: ReadonlyArray<Database | SharedDatabase>): typeof Databases.Type =>
  Object.fromEntries(
    databases.map((one) => {
      if ("use" in one) return [one.name, { use: one.use }]
      const { name, publicPort, ...rest } = one
      return [name, { ...rest, ...(publicPort === undefined ? {} : { public: publicPort }) }]
    })
  )

/** Whether a spec can say it. */
export const isBackup = ({ keep, s3, schedule }: DatabaseBackup): boolean =>
  Either.isRight(Schema.decodeEither(backup)({ schedule, keep, ...(s3 === undefined ? {} : { s3 }) }))
