/** The bounds of a spec's numbers and words, for its reader and its JSON Schema alike. */
export interface Range {
  readonly min: number
  readonly max: number
  /** e.g. `seconds`; empty for a plain number. */
  readonly unit: string
}

const seconds = (min: number, max: number): Range => ({ min, max, unit: "seconds" })
const plain = (min: number, max: number): Range => ({ min, max, unit: "" })

export const ranges = {
  port: plain(1, 65_535),
  /** Of a database: Coolify refuses others (recorded). */
  publicPort: plain(1024, 65_535),
  status: plain(200, 599),
  timeout: seconds(1, 300),
  interval: seconds(1, 300),
  retries: plain(1, 100),
  startPeriod: seconds(0, 3600),
  settle: seconds(0, 600),
  ttl: seconds(30, 86_400),
  stopGracePeriod: seconds(1, 3600),
  /** Coolify sets no upper limit (recorded: 100000), but stops its workers after ten hours. */
  scheduleTimeout: seconds(1, 36_000),
  /** Coolify's 0 keeps all of them, until the disk is full. */
  keptBackups: plain(1, 1000),
  /** Characters: 16 hex digits are 64 bits, the least that nobody guesses. */
  secretLength: plain(16, 256)
} as const

/** The port that a text is, without a sign or zeros before it. */
export const portOf = (text: string): number | undefined =>
  /^[1-9]\d{0,4}$/.test(text) && Number(text) <= ranges.port.max ? Number(text) : undefined

// Line breaks, tabs and the like: such a name could forge lines of the output, and no server has it.
export const serverPattern = /^[^\p{Cc}\u2028\u2029]{1,255}$/u

/** A DNS label. */
export const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** What a spec calls one of its processes: behind the spec's name it is the application's. */
export const processPattern = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/** What a spec calls one of its databases: with the spec's name before it, it is the name in Coolify. */
export const databasePattern = /^[a-z][a-z0-9-]{0,31}$/

/** What a spec calls a schedule, and Coolify its scheduled task: of 255 characters of any kind those that are safe to show. */
export const schedulePattern = /^(?! |__proto__$)[\p{L}\p{M}\p{N} \-_.@/&()#,:+]{1,255}(?<! )$/u

// coolify app/Support/ValidationPatterns.php: names. Spaces at the ends are trimmed there, so they are refused here.
export const projectPattern = /^(?! )[\p{L}\p{M}\p{N} \-_.@/&()#,:+]{3,255}(?<! )$/u

// Coolify saves an environment in lower case but looks it up as given; `/` would become `-`.
export const environmentPattern = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/

/** The name of a variable or a secret, as Coolify takes it: dots too, for programs that read `spring.datasource.url`. */
export const variablePattern = /^[A-Za-z_][A-Za-z0-9_.]{0,254}$/

/**
 * Whether Coolify makes a variable of that name itself. Other names with SERVICE_ (SERVICE_ROLE_KEY) are the user's; those
 * of generated credentials (SERVICE_USER_, SERVICE_PASSWORD_, ...) mean something in a compose file only.
 */
export const isCoolifysOwn = (name: string): boolean => coolifysOwn.test(name)

const coolifysOwn = /^(?:COOLIFY_|SERVICE_(?:FQDN|URL|NAME)_)/

export const nameForm =
  "letters, digits, `_` and `.`, at most 255, the first a letter or `_`, and no name that Coolify or fabrik makes itself"

const beside = (names: ReadonlyArray<string>): RegExp =>
  new RegExp(`^(?!(?:${names.join("|")})$|${coolifysOwn.source.slice(1)})${variablePattern.source.slice(1)}`)

/** A name that is the user's to set: fabrik makes the first itself, no program could read the second safely. */
export const ownVariablePattern = beside(["FABRIK_RELEASE", "__proto__"])

/** Coolify must know the port, so it cannot be a secret. */
export const secretNamePattern = beside(["PORT", "FABRIK_RELEASE", "__proto__"])

export const headerPattern = /^[A-Za-z0-9-]{1,64}$/

/**
 * What Coolify 4.3.11 takes as the command of a health check (ValidationPatterns::SHELL_SAFE_COMMAND_PATTERN; recorded: quotes
 * and `||` are 422), but for tabs.
 */
export const healthCommandPattern = /^(?=.*\S)[a-zA-Z0-9 ._\-/=:@,+[\]{}#%^~]{1,1000}$/

/** How a secret can be made, each with its usual length in characters. */
export const secretKinds = { alphanumeric: 32, base64: 44, hex: 64, password: 32, uuid: 36 } as const

export const buildPacks = ["nixpacks", "railpack", "static", "dockerfile"] as const
