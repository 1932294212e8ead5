/** Which images of an engine read, and write, each other's files. */
import type { DatabaseEngine } from "./DatabaseEngine.ts"

/** Tells what has the same files; `undefined`: nobody says so of that version. */
type Series = (version: ReadonlyArray<number>) => string | undefined

/** Of all versions from this one on, by the first two numbers. */
const minor =
  (major: number, from: number): Series =>
  ([first, second]) =>
    first === undefined || second === undefined || first < major || (first === major && second < from)
      ? undefined
      : `${first}.${second}`

interface Files {
  /** What an image's name ends in. */
  readonly name: RegExp
  readonly series: Series
  /** What shares them, in words. */
  readonly said: string
}

/**
 * What the makers say of going forth and back without a dump. Built on something else PostgreSQL would sort texts otherwise
 * than its indexes do, so the suffix has to be the same everywhere.
 */
const files: Partial<Record<DatabaseEngine, Files>> = {
  // Versioning policy: the minor releases of one major version share their files.
  postgresql: {
    name: /postgres(?:ql)?$/,
    series: ([major = 0]) => (major >= 10 ? String(major) : undefined),
    said: "of one major version, as 17.2 and 17.4"
  },
  // Reference manual, downgrade paths: within an LTS series in place; the 8.0 series as of 8.0.35.
  mysql: {
    name: /mysql$/,
    series: ([major, second, patch = 0]) =>
      major === 8 && (second === 4 || (second === 0 && patch >= 35)) ? `8.${second}` : undefined,
    said: "of the series 8.4, or 8.0 from 8.0.35 on"
  },
  // "Downgrading MariaDB": not between major versions (10.6, 11.4), within one since 10.1.21.
  mariadb: { name: /mariadb$/, series: minor(10, 2), said: "of one series, as 11.4.2 and 11.4.5" },
  // "MongoDB Versioning": a patch release has bug fixes and changes that are backward compatible.
  mongodb: { name: /mongo(?:db)?$/, series: minor(4, 0), said: "of one series, as 8.0.4 and 8.0.9" },
  // An older one refuses a dump of another format, and that is one of each X.Y (RDB_VERSION in rdb.h).
  redis: { name: /redis$/, series: minor(5, 0), said: "of one series, as 7.2.4 and 7.2.6" },
  // "Self-managed upgrade": back is possible without new features, which a maintenance release (YY.M.X) has none of.
  clickhouse: {
    name: /clickhouse(?:-server)?$/,
    series: minor(20, 1),
    said: "of one release, as 25.8.2 and 25.8.11"
  }
}

const image = /^([\w./-]+):(\d+(?:\.\d+)*)(-[\w.-]+)?$/

const kinship = (engine: DatabaseEngine, text: string): string | undefined => {
  const [, name = "", version = "", suffix = ""] = image.exec(text) ?? []
  const of = files[engine]
  if (of === undefined || !of.name.test(name)) return undefined
  const series = of.series(version.split(".").map(Number))
  return series === undefined ? undefined : `${name} ${series} ${suffix}`
}

/** Whether an image reads, and writes, the files of another one, in both directions: what a failed update goes back over. */
export const sharesFiles = (engine: DatabaseEngine, one: string, other: string): boolean => {
  const from = kinship(engine, one)
  return from !== undefined && from === kinship(engine, other)
}

/** Which images it may be given in the place of its own, for those who asked for another. */
export const sharing = (engine: DatabaseEngine): string => {
  const of = files[engine]
  return of === undefined
    ? `which versions of ${engine} read each other's files is not known`
    : `only images of the same name and suffix are known to read each other's files, ${of.said}`
}
