/** What an import is made from and into. */
import { projectPattern } from "../appspec/Limits.ts"
import type { Cursor, LeftOut, Note, Reading } from "./Cursor.ts"
import { Draft, label } from "./Draft.ts"
import type { ImportedProcess } from "./JoinProcesses.ts"

export interface Input {
  /** As the user named it. */
  readonly file: string
  /** Its last part. */
  readonly base: string
  /** What the folder that it is in is called. */
  readonly folder: string
  readonly text: string
  /** What stands in the files beside it, by the names that it gives them, as far as they could be read. */
  readonly beside: ReadonlyMap<string, string>
  /** The repository of the work tree that the file is in, and the folder within it: ``, `deploy`. */
  readonly origin?:
    | { readonly repository: string; readonly branch: string; readonly folder: string }
    | undefined
  /** `--git` and `--branch`. */
  readonly git?: string | undefined
  readonly branch?: string | undefined
  /** `--domain`, of what answers. */
  readonly domain?: string | undefined
  /** How the spec names the file itself, where it lies beside it. */
  readonly self?: string | undefined
  /** What a copy of it beside the spec is to be called; without it, and without `self`, its text is a part of the spec. */
  readonly copy?: string | undefined
}

/** A spec with its file's name. */
export interface ImportedSpec {
  readonly file: string
  readonly text: string
}

export interface Imported {
  /** Of which tool the file is, in words. */
  readonly format: string
  /** The main one first. */
  readonly specs: ReadonlyArray<ImportedSpec>
  /** Files that the specs name and that have to lie beside them. */
  readonly copies: ReadonlyArray<ImportedSpec>
  readonly leftOut: ReadonlyArray<LeftOut>
  readonly notes: ReadonlyArray<Note>
  /** Secrets that somebody has to give before anything is deployed. */
  readonly required: ReadonlyArray<string>
  /** Files beside it that it speaks of. */
  readonly wanted: ReadonlyArray<string>
}

/** What the readers of the formats share. */
export interface Job {
  readonly input: Input
  readonly reading: Reading
  readonly root: Cursor
  readonly drafts: Array<Draft>
  /** Those of the drafts that are processes of one application, the main one first. */
  readonly processes: Array<ImportedProcess>
  readonly copies: Array<ImportedSpec>
}

/** A new spec; those of one file share a project. */
export const draftOf = (job: Job, name: string, project: string | undefined): Draft => {
  const wanted = label(name) || "app"
  const names = job.drafts.map((draft) => draft.name)
  let free = wanted
  for (let count = 2; names.includes(free); count++) free = `${wanted.slice(0, 59)}-${count}`
  const draft = new Draft(free)
  const place = project === undefined || projectPattern.test(project) ? project : label(project)
  if (place !== undefined && projectPattern.test(place)) draft.set("project", place)
  job.drafts.push(draft)
  return draft
}

/** What stands in a file beside the imported one; it is asked for, so that the caller reads it. */
export const besideOf = ({ input, reading }: Job, name: string): string | undefined => {
  reading.wanted.add(name)
  return input.beside.get(name)
}

const joined = (folder: string, path: string): string | undefined => {
  const parts: Array<string> = []
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return `/${parts.join("/")}`
}

interface Build {
  /** The key that says that it is built. */
  readonly from: Cursor
  /** Of the file's own repository, from its folder on. */
  readonly context?: Cursor | undefined
  /** What stands there, where it is not the path itself. */
  readonly contextPath?: string
  /** From the context on. */
  readonly dockerfile?: { readonly path: string; readonly from: Cursor } | undefined
  readonly buildPack?: string | undefined
  /** Named by the file. */
  readonly repository?:
    | { readonly address: string; readonly branch?: string; readonly folder?: string; readonly from: Cursor }
    | undefined
  /** Whether its paths begin at the root of the repository, wherever the file is. */
  readonly fromRoot?: boolean
  /** The folder of the repository in which its paths begin then. */
  readonly folder?: string
}

/** `source` of what is built from a repository: the one that the file names, `--git`, or the file's own. */
export const builtFrom = (job: Job, draft: Draft, build: Build): void => {
  const { input, reading } = job
  const { context, dockerfile, repository } = build
  const own = repository === undefined && input.git === undefined ? input.origin : undefined
  const address = repository?.address ?? input.git ?? own?.repository
  const branch = input.branch ?? repository?.branch ?? own?.branch
  draft.put("source", "git", address ?? "https://github.com/OWNER/REPOSITORY", repository?.from ?? build.from)
  if (address === undefined) {
    const { at, path } = build.from
    reading.leave(
      at,
      path,
      "it is built from a repository, and the file does not say which: write it under `source.git`, or name it with --git",
      draft,
      "source"
    )
  }
  if (branch !== undefined && branch !== "main") draft.put("source", "branch", branch, repository?.from)
  const folder = build.fromRoot === true ? (build.folder ?? "") : (input.origin?.folder ?? "")
  const base = joined(repository?.folder ?? folder, build.contextPath ?? context?.peek() ?? ".")
  if (base === undefined)
    context?.leave("it leads out of the repository, and Coolify builds only from it", "source")
  else {
    context?.take()
    if (base !== "/") draft.put("source", "baseDirectory", base, context ?? build.from)
  }
  if (dockerfile !== undefined) {
    const path = joined("", dockerfile.path)
    if (path === undefined)
      dockerfile.from.leave(
        "it is not below the folder that is built, and Coolify looks for it there",
        "source"
      )
    else {
      draft.put("source", "buildPack", "dockerfile", build.from)
      if (path !== "/Dockerfile") draft.put("source", "dockerfile", path, dockerfile.from)
    }
  } else if (build.buildPack !== undefined) draft.put("source", "buildPack", build.buildPack, build.from)
}

/** `domain` of what answers: the hosts that the file names, else `--domain`, else none. */
export const answersAt = (
  { input, reading }: Job,
  draft: Draft,
  hosts: ReadonlyArray<{ readonly host: string; readonly from: Cursor }>,
  isMain = true
): void => {
  const [only, ...more] = hosts
  if (only !== undefined && more.length === 0) draft.set("domain", only.host, only.from)
  else if (only !== undefined) for (const { from, host } of hosts) draft.add("domains", host, from)
  else if (isMain && input.domain !== undefined) draft.set("domain", input.domain)
  else {
    draft.set("domain", "none")
    draft.suggest("domain", [`domain: ${draft.name}.example.com`])
    reading.note(
      0,
      `${draft.name}: the file names no domain, so it answers nowhere until its spec has one (\`domain\`, or --domain)`
    )
  }
}

/** Whether it has a domain, so that somebody can ask it from outside. */
export const hasDomain = (draft: Draft): boolean =>
  draft.get("domains") !== undefined || (draft.get("domain") ?? "none") !== "none"

/** `healthcheck` of an http path; without a domain nobody can ask for it, so it only waits for one. */
export const checkedAt = (
  draft: Draft,
  settings: ReadonlyArray<readonly [key: string, value: string | number | undefined, from: Cursor]>
): void => {
  const known = settings.filter(([, value]) => value !== undefined)
  if (known.length === 0) return
  if (hasDomain(draft)) {
    for (const [key, value, from] of known) draft.put("healthcheck", key, value, from)
    return
  }
  draft.suggest("healthcheck", [
    "healthcheck: # for when there is a domain",
    ...known.map(([key, value]) => `  ${key}: ${String(value).replace(/[^\x20-\x7e]/g, "?")}`)
  ])
}

const units: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  us: 0.000001,
  ns: 0.000000001
}

/**
 * Whole seconds of a duration as Go writes it (`1m30s`, `10s`), of a number alone in `unit`; `undefined`: it is none.
 * Rounded up, as a wait that is too short is what hurts.
 */
export const secondsOf = (text: string | undefined, unit: "s" | "ms" = "s"): number | undefined => {
  if (text === undefined) return undefined
  const trimmed = text.trim()
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) return Math.ceil(Number(trimmed) * (units[unit] ?? 1))
  if (!/^(?:\d+(?:\.\d+)?(?:ms|us|ns|s|m|h))+$/.test(trimmed)) return undefined
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|us|ns|s|m|h)/g)]
  return Math.ceil(
    parts.reduce((sum, [, number = "0", unit = "s"]) => sum + Number(number) * (units[unit] ?? 1), 0)
  )
}

/** A range of a spec's, with the nearest value in it and whether that is another one. */
export const within = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max)
