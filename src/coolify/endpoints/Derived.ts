/** What follows from an answer. Apart from the Schemas of the answers, as a run that asks nothing needs none of them. */
import type { DatabaseEngine } from "../DatabaseEngine.ts"
import type { Application } from "./Applications.ts"
import type { PublicAccess } from "./Databases.ts"
import { type PlainSettings, publishes } from "./PlainSettings.ts"
import type { FileStorage, OwnFile } from "./Storages.ts"

export const isOwnFile = (file: FileStorage): file is OwnFile => file.type === "file"

/** The port of the server at which everybody reaches a database. */
export const openPort = ({ isPublic, publicPort }: PublicAccess): number | undefined =>
  isPublic ? publicPort : undefined

/** Whether an environment's inventory has the databases of this engine; others only the list of all has. */
export const isInInventory = (engine: DatabaseEngine): boolean =>
  engine !== "keydb" && engine !== "dragonfly" && engine !== "clickhouse"

/** Whether Coolify would stop it before it starts a new version, once `plain` was sent. */
export const stopsFirstWith = (application: Application, plain: PlainSettings): boolean => {
  const { hasFixedName = false, plain: before = {}, stopsFirst } = application
  return hasFixedName || (stopsFirst && !publishes(before)) || publishes({ ...before, ...plain })
}

/** What Coolify takes where nobody names a port; it sets it on every inline Dockerfile, whatever the request says. */
export const defaultPort = 80
