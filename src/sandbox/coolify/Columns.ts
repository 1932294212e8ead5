/**
 * Typed reading of an application's columns.
 */
import type { Columns } from "./CoolifyState.ts"

export const string = (columns: Columns, name: string): string => {
  const value = columns[name]
  return typeof value === "string" ? value : ""
}

export const integer = (columns: Columns, name: string): number => {
  const value = columns[name]
  return typeof value === "number" ? value : 0
}

export const flag = (columns: Columns, name: string): boolean => columns[name] === true

/** The port that counts as the container's own: the first of `ports_exposes`. */
export const firstPort = (columns: Columns): number | null => {
  const first = Number(string(columns, "ports_exposes").split(",")[0])
  return Number.isInteger(first) && first > 0 ? first : null
}
