/** The help of fabrik itself, which needs no command. */
import type { Example } from "./CommandInfo.ts"
import { examples, type Lines, section, table } from "./Help.ts"
import { outlines } from "./Outline.ts"
import { maxColumns, wrap } from "../ui/Layout.ts"
import { neededVariables, providers, whereNamed } from "../dns/Providers.ts"

/** @param columns of the window. */
export const renderRootHelp = (columns = maxColumns): Lines => [
  ...wrap("from a YAML spec to a verified URL on a Coolify server, or back", columns, "fabrik - "),
  "",
  "Usage: fabrik COMMAND [options] [arguments]",
  "",
  "Commands:",
  ...table(
    Object.entries(outlines).map(([name, { summary }]) => [name, summary]),
    columns
  ),
  "",
  ...wrap("fabrik COMMAND --help tells more of a command; --version, -v its version.", columns, "  "),
  "",
  ...section("Examples", examples(rootExamples, columns)),
  "",
  ...section("Environment", table(environment, columns)),
  "",
  ...section("Exit codes", table(exitCodes, columns))
]

const rootExamples: ReadonlyArray<Example> = [
  { line: "fabrik init", says: "write app.yaml for what is in this folder" },
  {
    line: "fabrik apply --sandbox app.yaml",
    says: "deploy to a Coolify that runs inside fabrik: no account needed"
  },
  { line: "fabrik plan app.yaml", says: "show what would change; nothing is sent" },
  { line: "fabrik apply app.yaml", says: "make it so, after asking" }
]

export const environment: ReadonlyArray<readonly [string, string]> = [
  ["COOLIFY_ENDPOINT", "the address of your Coolify, e.g. https://coolify.example.com"],
  ["COOLIFY_TOKEN", "an API token with read, read:sensitive, write and deploy"],
  ...providers.map(
    (each) => [neededVariables(each).join(", "), `for zones at ${each.title}${whereNamed(each)}`] as const
  ),
  ["HTTPS_PROXY", "the proxy to Coolify and the DNS provider; NO_PROXY lists hosts without it"],
  ["FABRIK_ALLOW_HTTP=1", "let COOLIFY_ENDPOINT be plain http at a private address"],
  [
    "FABRIK_CONTEXT",
    "which Coolify, by its name in `fabrik context`; refused beside another COOLIFY_ENDPOINT"
  ],
  ["FABRIK_OWNER", "who owns what is made: two owners never touch each other's [default]"],
  ["FABRIK_STATE_URL", "postgres://... of the state that a team shares [files in .fabrik]"],
  ["FABRIK_STATE_KEY", "what the secrets in it are encrypted with: openssl rand -base64 32"],
  ["FABRIK_LATE_EFFECTS", "seconds that a request without an answer may still take effect [60]"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "where traces and metrics go, e.g. http://localhost:4318 [nowhere]"],
  ["NO_COLOR", "no colours; CI: never ask"],
  ["FABRIK_DEBUG=1", "show the stack of an unexpected error"]
]

export const exitCodes: ReadonlyArray<readonly [string, string]> = [
  ["0", "done, or nothing to do"],
  ["1", "a fault of fabrik's own"],
  ["2", "the plan has changes (plan --detailed-exitcode); import or env pull left something out"],
  ["3", "refused before anything was changed"],
  ["4", "the spec or the command line is wrong"],
  ["5", "credentials are missing, wrong or without the right"],
  ["6", "a command that only reads could not find out, or found something wrong"],
  ["10", "failed, and nothing is left of it: put back, or never changed"],
  ["11", "failed, and something is left: it says what, and how to finish it"],
  ["12", "ended before the rollback was"],
  ["130, 143, 129", "interrupted (SIGINT, SIGTERM, SIGHUP), and nothing is left of it"]
]
