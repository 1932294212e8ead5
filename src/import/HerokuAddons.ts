/** Add-ons that are databases, with the variable that each sets. Facts: their pages at elements.heroku.com. */
interface Addon {
  readonly name: string
  readonly engine: string
  /** Of Heroku's default, or the newest that is old enough to be everywhere. */
  readonly version: string
  readonly variable: string
}

const postgres: Addon = { name: "postgres", engine: "postgres", version: "17", variable: "DATABASE_URL" }
const redis: Addon = { name: "redis", engine: "redis", version: "7", variable: "REDIS_URL" }

const addons: Readonly<Record<string, Addon>> = {
  "heroku-postgresql": postgres,
  "heroku-redis": redis,
  "heroku-key-value-store": redis,
  rediscloud: { ...redis, variable: "REDISCLOUD_URL" },
  openredis: { ...redis, variable: "OPENREDIS_URL" },
  cleardb: { name: "mysql", engine: "mysql", version: "8", variable: "CLEARDB_DATABASE_URL" },
  jawsdb: { name: "mysql", engine: "mysql", version: "8", variable: "JAWSDB_URL" },
  "jawsdb-maria": { name: "mariadb", engine: "mariadb", version: "11", variable: "JAWSDB_MARIA_URL" },
  mongolab: { name: "mongo", engine: "mongo", version: "7", variable: "MONGODB_URI" },
  ormongo: { name: "mongo", engine: "mongo", version: "7", variable: "ORMONGO_URL" }
}

/** Of `heroku-postgresql:mini`. */
export const addonOf = (plan: string): Addon | undefined =>
  new Map(Object.entries(addons)).get(plan.replace(/:.*$/, ""))
