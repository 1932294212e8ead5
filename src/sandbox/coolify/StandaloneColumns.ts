/** The columns of standalone databases, engine by engine, as recorded at 4.3.11. */
import type { Column, Columns, DatabaseEngine } from "./CoolifyState.ts"
import type { Rules } from "./Validation.ts"

interface Table {
  /** What stands before and behind the name of its container in its URL. */
  readonly scheme: string
  readonly port: number
  readonly path: string
  /** Where it has none of its own. */
  readonly user?: string
  /** Its own columns with what a create that says nothing gives them; `password`: 64 random letters and digits. */
  readonly own: Readonly<Record<string, Column>>
  readonly passwords: ReadonlyArray<string>
  readonly defaultImage: string
  /** Of its volumes, each followed by its uuid. */
  readonly volumes: ReadonlyArray<string>
}

const stamped = { is_include_timestamps: false }
const encrypted = { enable_ssl: false }

export const tables: Readonly<Record<DatabaseEngine, Table>> = {
  postgresql: {
    scheme: "postgres",
    port: 5432,
    path: "/postgres",
    own: {
      ...stamped,
      ...encrypted,
      init_scripts: null,
      postgres_conf: null,
      postgres_db: "postgres",
      postgres_host_auth_method: null,
      postgres_initdb_args: null,
      postgres_user: "postgres",
      ssl_mode: "require"
    },
    passwords: ["postgres_password"],
    defaultImage: "postgres:16-alpine",
    volumes: ["postgres-data"]
  },
  mysql: {
    scheme: "mysql",
    port: 3306,
    path: "/default",
    own: {
      ...stamped,
      ...encrypted,
      mysql_conf: null,
      mysql_database: "default",
      mysql_user: "mysql",
      ssl_mode: "REQUIRED"
    },
    passwords: ["mysql_password", "mysql_root_password"],
    defaultImage: "mysql:8",
    volumes: ["mysql-data"]
  },
  mariadb: {
    scheme: "mysql",
    port: 3306,
    path: "/default",
    own: { ...encrypted, mariadb_conf: null, mariadb_database: "default", mariadb_user: "mariadb" },
    passwords: ["mariadb_password", "mariadb_root_password"],
    defaultImage: "mariadb:11",
    volumes: ["mariadb-data"]
  },
  mongodb: {
    scheme: "mongodb",
    port: 27017,
    path: "/?directConnection=true",
    own: {
      ...stamped,
      ...encrypted,
      mongo_conf: null,
      mongo_initdb_database: "default",
      mongo_initdb_root_username: "root",
      ssl_mode: "require"
    },
    passwords: ["mongo_initdb_root_password"],
    defaultImage: "mongo:7",
    volumes: ["mongodb-configdb", "mongodb-db"]
  },
  redis: {
    scheme: "redis",
    port: 6379,
    path: "/0",
    user: "default",
    own: { ...stamped, ...encrypted, redis_conf: null },
    passwords: ["redis_password"],
    defaultImage: "redis:7.2",
    volumes: ["redis-data"]
  },
  keydb: {
    scheme: "redis",
    port: 6379,
    path: "/0",
    own: { ...stamped, ...encrypted, keydb_conf: null },
    passwords: ["keydb_password"],
    defaultImage: "eqalpha/keydb:latest",
    volumes: ["keydb-data"]
  },
  dragonfly: {
    scheme: "redis",
    port: 6379,
    path: "/0",
    own: { ...stamped, ...encrypted },
    passwords: ["dragonfly_password"],
    defaultImage: "docker.dragonflydb.io/dragonflydb/dragonfly",
    volumes: ["dragonfly-data"]
  },
  clickhouse: {
    scheme: "clickhouse",
    port: 9000,
    path: "/default",
    own: { ...stamped, clickhouse_admin_user: "default", clickhouse_db: "default" },
    passwords: ["clickhouse_admin_password"],
    defaultImage: "clickhouse/clickhouse-server:25.11",
    volumes: ["clickhouse-data"]
  }
}

/** Those of every engine. */
export const commonColumns: Columns = {
  config_hash: null,
  custom_docker_run_options: null,
  description: null,
  health_check_enabled: true,
  health_check_interval: 15,
  health_check_retries: 5,
  health_check_start_period: 5,
  health_check_timeout: 5,
  is_log_drain_enabled: false,
  is_public: false,
  limits_cpu_shares: 1024,
  limits_cpus: "0",
  limits_cpuset: null,
  limits_memory: "0",
  limits_memory_reservation: "0",
  limits_memory_swap: "0",
  limits_memory_swappiness: 60,
  ports_mappings: null,
  public_port: null,
  public_port_timeout: 3600
}

/** What a token without `read:sensitive` does not see. */
export const sensitiveColumns: ReadonlySet<string> = new Set([
  "external_db_url",
  "init_scripts",
  "internal_db_url",
  ...Object.values(tables).flatMap(({ passwords }) => passwords)
])

const name = /^[a-zA-Z0-9_]+$/
const word = { type: "string", pattern: name } as const
const password = { type: "string", pattern: /^[^'"`\\$\s]+$/ } as const
const conf = { type: "string", nullable: true } as const

/** What an engine takes beside the common fields. */
export const ownRules: Readonly<Record<DatabaseEngine, Rules>> = {
  postgresql: {
    postgres_user: word,
    postgres_password: password,
    postgres_db: word,
    postgres_initdb_args: { type: "string", nullable: true },
    postgres_host_auth_method: { type: "string", nullable: true },
    postgres_conf: conf
  },
  mysql: {
    mysql_root_password: password,
    mysql_password: password,
    mysql_user: word,
    mysql_database: word,
    mysql_conf: conf
  },
  mariadb: {
    mariadb_root_password: password,
    mariadb_password: password,
    mariadb_user: word,
    mariadb_database: word,
    mariadb_conf: conf
  },
  mongodb: {
    mongo_initdb_root_username: word,
    mongo_initdb_root_password: password,
    mongo_initdb_database: word,
    mongo_conf: conf
  },
  redis: { redis_password: password, redis_conf: conf },
  keydb: { keydb_password: password, keydb_conf: conf },
  dragonfly: { dragonfly_password: password },
  clickhouse: { clickhouse_admin_user: word, clickhouse_admin_password: password }
}

/** Neither create nor update say anything where one of these has a wrong form: it is stored as it is, or it is a 500. */
export const commonFields = [
  "name",
  "description",
  "image",
  "is_public",
  "public_port",
  "public_port_timeout",
  "limits_memory",
  "limits_memory_swap",
  "limits_memory_swappiness",
  "limits_memory_reservation",
  "limits_cpus",
  "limits_cpuset",
  "limits_cpu_shares",
  "custom_docker_run_options",
  "instant_deploy",
  "tags"
]

export const healthRules: Rules = {
  health_check_enabled: { type: "boolean" },
  health_check_interval: { type: "integer", min: 1 },
  health_check_timeout: { type: "integer", min: 1 },
  health_check_retries: { type: "integer", min: 1 },
  health_check_start_period: { type: "integer", min: 0 }
}

/** The port of the server at which the columns have it reached from everywhere. */
export const openPort = (columns: Columns): number | null =>
  columns["is_public"] === true && typeof columns["public_port"] === "number" ? columns["public_port"] : null

const userOf = (engine: DatabaseEngine, columns: Columns): string =>
  Object.entries(columns).flatMap(([column, value]) =>
    /_(user|root_username)$/.test(column) && typeof value === "string" ? [value] : []
  )[0] ??
  tables[engine].user ??
  ""

/** The URL inside the server's network. */
export const internalUrl = (engine: DatabaseEngine, uuid: string, columns: Columns): string => {
  const { passwords, path, port, scheme } = tables[engine]
  const stored = Object.entries(columns).find(([column]) => /_(db|database)$/.test(column))?.[1]
  const there = engine === "mongodb" || typeof stored !== "string" ? path : `/${stored}`
  return `${scheme}://${userOf(engine, columns)}:${String(columns[passwords[0] ?? ""])}@${uuid}:${port}${there}`
}
