/**
 * The engines of databases that Coolify runs, by the names it has for them in paths: what it makes one with, and where
 * applications on the same server reach it. From DatabasesController and the models of databases at 4.3.11, as recorded.
 */
import * as Redacted from "effect/Redacted"

export const databaseEngines = [
  "postgresql",
  "mysql",
  "mariadb",
  "mongodb",
  "redis",
  "keydb",
  "dragonfly",
  "clickhouse"
] as const
export type DatabaseEngine = (typeof databaseEngines)[number]

/** Whether Coolify makes backups of it (recorded: 422 for the others). */
export const hasBackups = (engine: DatabaseEngine): boolean =>
  !["redis", "keydb", "dragonfly"].includes(engine)

/** How an application reaches a database. */
export interface Connection {
  /** Only containers on the database's own server and network know it. */
  readonly host: string
  readonly port: number
  /** Empty where the engine has none. */
  readonly user: string
  readonly password: Redacted.Redacted<string>
  /** Of the database inside the engine, e.g. `postgres`; a number for those of Redis. */
  readonly name: string
  readonly url: Redacted.Redacted<string>
}

interface Engine {
  /** Without its tag. */
  readonly image: string
  /** Under which a create takes the password. */
  readonly passwordField: string
  readonly scheme: string
  readonly port: number
  /** What Coolify gives it when a create says nothing. */
  readonly user: string
  readonly name: string
  /** It takes a password when its data is first made, and never looks at that of its settings again. */
  readonly keepsPassword?: true
  /** What stands behind the port in the URL that Coolify tells. */
  readonly path: string
}

export const engineFacts: Readonly<Record<DatabaseEngine, Engine>> = {
  postgresql: {
    image: "postgres",
    passwordField: "postgres_password",
    scheme: "postgres",
    port: 5432,
    user: "postgres",
    name: "postgres",
    path: "/postgres",
    keepsPassword: true
  },
  mysql: {
    image: "mysql",
    passwordField: "mysql_password",
    scheme: "mysql",
    port: 3306,
    user: "mysql",
    name: "default",
    path: "/default",
    keepsPassword: true
  },
  mariadb: {
    image: "mariadb",
    passwordField: "mariadb_password",
    scheme: "mysql",
    port: 3306,
    user: "mariadb",
    name: "default",
    path: "/default",
    keepsPassword: true
  },
  mongodb: {
    image: "mongo",
    passwordField: "mongo_initdb_root_password",
    scheme: "mongodb",
    port: 27017,
    user: "root",
    name: "default",
    path: "/?directConnection=true",
    keepsPassword: true
  },
  redis: {
    image: "redis",
    passwordField: "redis_password",
    scheme: "redis",
    port: 6379,
    user: "default",
    name: "0",
    path: "/0"
  },
  keydb: {
    image: "eqalpha/keydb",
    passwordField: "keydb_password",
    scheme: "redis",
    port: 6379,
    user: "",
    name: "0",
    path: "/0"
  },
  dragonfly: {
    image: "docker.dragonflydb.io/dragonflydb/dragonfly",
    passwordField: "dragonfly_password",
    scheme: "redis",
    port: 6379,
    user: "",
    name: "0",
    path: "/0"
  },
  clickhouse: {
    image: "clickhouse/clickhouse-server",
    passwordField: "clickhouse_admin_password",
    scheme: "clickhouse",
    port: 9000,
    user: "default",
    name: "default",
    path: "/default"
  }
}

/**
 * How the database is reached that a create with this password makes: all of it is known before, but for the uuid.
 * Coolify's own answer has the same URL, and for Dragonfly none.
 */
export const connectionOf = (
  engine: DatabaseEngine,
  uuid: string,
  password: Redacted.Redacted<string>
): Connection => {
  const { name, path, port, scheme, user } = engineFacts[engine]
  const url = `${scheme}://${user}:${Redacted.value(password)}@${uuid}:${port}${path}`
  return { host: uuid, port, user, password, name, url: Redacted.make(url) }
}

/** How a database is reached by the URL that Coolify tells of it; `undefined`: it cannot be read as one. */
export const connectionIn = (
  engine: DatabaseEngine,
  url: Redacted.Redacted<string>
): Connection | undefined => {
  const text = Redacted.value(url)
  if (!URL.canParse(text)) return undefined
  const { hostname, password, pathname, port, username } = new URL(text)
  const facts = engineFacts[engine]
  return {
    host: hostname,
    port: port === "" ? facts.port : Number(port),
    user: decodeURIComponent(username),
    password: Redacted.make(decodeURIComponent(password)),
    name: decodeURIComponent(pathname.slice(1)) || facts.name,
    url
  }
}
