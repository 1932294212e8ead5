import type { ReleaseProbe } from "../sections/Healthcheck.ts"

/** What a template deploys when the spec has no source of its own. */
export interface Starter {
  /**
   * The Dockerfile of an application named `app` (a DNS label, so it needs no quoting). It answers any path with 200 on
   * the port in `PORT`, shows `FABRIK_RELEASE` where `release` looks, and ships curl for Coolify's probe. Plain syntax:
   * Coolify writes the text as it is and adds `ARG` lines after `FROM`.
   */
  readonly dockerfile: (app: string) => string
  readonly release: ReleaseProbe
}

/** A named set of defaults. */
export interface Template {
  readonly name: string
  /** One line, for a list. */
  readonly description: string
  readonly port: number
  readonly healthPath: string
  /** Variables beside `PORT`, which is always the port. */
  readonly env: Readonly<Record<string, string>>
  readonly starter: Starter
}

/**
 * A `RUN` that writes `lines` to `path`, without a heredoc: the classic builder has none. `lines` contain no single quote.
 */
export const writeFile = (path: string, lines: ReadonlyArray<string>): string =>
  [`RUN printf '%s\\n' \\`, ...lines.map((line) => `  '${line}' \\`), `  > ${path}`].join("\n")
