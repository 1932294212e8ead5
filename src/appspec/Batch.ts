/** Several specs of one command: in which order they go, and what no two of them may say. Pure. */
import * as Either from "effect/Either"
import { databaseName } from "./sections/Databases.ts"
import { nearest } from "./Nearest.ts"
import { quote, Report } from "./Report.ts"
import type { Spec } from "./Spec.ts"
import { SpecError } from "./SpecError.ts"
import { type Node, parseYaml } from "./YamlTree.ts"

/** A spec, and where it was read from. */
export interface Subject {
  /** As the user named it. */
  readonly file: string
  readonly text: string
  readonly spec: Spec
}

export interface Linked<S extends Subject> {
  readonly subject: S
  /** What tells it from the others: its name, with its environment and its project where others are called so too. */
  readonly label: string
  /** Where those that go before it stand in the list: what it needs, and whose databases it uses. */
  readonly after: ReadonlyArray<number>
  /** The databases of others that it uses, by their names in Coolify, and where their specs stand. */
  readonly uses: ReadonlyArray<{ readonly of: number; readonly database: string }>
  /** The others of one spec's processes, which stand or fall with it. */
  readonly together: ReadonlyArray<number>
  /** What it needs and none of them is called, with a name that is near. */
  readonly missing: ReadonlyArray<{ readonly name: string; readonly near: string | undefined }>
}

/** In the order given, with what goes before what; or all that is wrong, by file. */
export const link = <S extends Subject>(
  subjects: ReadonlyArray<S>
): Either.Either<ReadonlyArray<Linked<S>>, ReadonlyArray<SpecError>> => {
  const labels = subjects.map(({ spec }) => labelOf(spec, subjects))
  const needed = subjects.map((subject) => resolved(subject, subjects))
  const links = subjects.map((subject, index) => {
    const uses = usedBy(subject, subjects)
    const { after = [], missing = [] } = needed[index] ?? {}
    return {
      subject,
      label: labels[index] ?? "",
      after: [...new Set([...after, ...before(subject, subjects), ...uses.map((one) => one.of)])],
      uses,
      together: siblings(subject, subjects),
      missing
    }
  })
  const problems = [
    ...sameApplication(subjects),
    ...sharedSites(subjects),
    ...needed.flatMap(({ problems }) => problems)
  ]
  const round = problems.length > 0 ? undefined : cycleIn(links)
  const cycle =
    round === undefined
      ? []
      : round.slice(0, 1).map((first) =>
          problemAt(links[first]?.subject, "needs", {
            message: `what the specs need goes round: ${[...round, first].map((index) => labels[index]).join(" -> ")}`,
            hint: "one of them has to stand without the next"
          })
        )
  const all = [...problems, ...cycle]
  return all.length > 0 ? Either.left(all) : Either.right(links)
}

/** Which of them are meant by `names`, and all that those need. `undefined` for a name that none has. */
export const targeted = (
  links: ReadonlyArray<Linked<Subject>>,
  names: ReadonlyArray<string>
): Either.Either<ReadonlySet<number>, string> => {
  const taken = new Set<number>()
  const take = (index: number): void => {
    if (taken.has(index)) return
    taken.add(index)
    links[index]?.after.forEach(take)
  }
  for (const name of names) {
    const meant = links.flatMap(({ label, subject }, index) =>
      label === name || subject.spec.name === name ? [index] : []
    )
    if (meant.length === 0) return Either.left(name)
    meant.forEach(take)
  }
  return Either.right(taken)
}

const labelOf = ({ environment, name, project }: Spec, among: ReadonlyArray<Subject>): string => {
  const namesakes = among.filter(({ spec }) => spec.name === name)
  if (namesakes.length < 2) return name
  return namesakes.every(({ spec }) => spec.project === project)
    ? `${environment}/${name}`
    : `${project}/${environment}/${name}`
}

/** Those that have what an earlier one has. */
const clashes = (
  subjects: ReadonlyArray<Subject>,
  at: string,
  keysOf: (subject: Subject) => ReadonlyArray<string>,
  complaint: (other: string, key: string) => { readonly message: string; readonly hint: string }
): ReadonlyArray<SpecError> => {
  const first = new Map<string, Subject>()
  return subjects.flatMap((subject) =>
    keysOf(subject).flatMap((key) => {
      const other = first.get(key)
      if (other !== undefined) {
        const who = other.file === subject.file ? quote(other.spec.name) : quote(other.file)
        return [problemAt(subject, at, complaint(who, key))]
      }
      first.set(key, subject)
      return []
    })
  )
}

const sameApplication = (subjects: ReadonlyArray<Subject>): ReadonlyArray<SpecError> =>
  clashes(
    subjects,
    "name",
    ({ spec }) => [`${spec.project}/${spec.environment}/${spec.name}`],
    (other, key) => ({
      message: `${other} is the same application: ${key}`,
      hint: "give one of them another name, environment or project, or leave it out"
    })
  )

/** A host may be shared by its paths, one and the same address may not. */
const sharedSites = (subjects: ReadonlyArray<Subject>): ReadonlyArray<SpecError> =>
  clashes(
    subjects,
    "domain",
    ({ spec }) => spec.domains,
    (other, site) => ({
      message: `${other} answers at ${site} too`,
      hint: "Coolify gives an address to one application at a time"
    })
  )

/** What a spec needs, found: by name, and among several of one name those of its own environment or project. */
const resolved = (subject: Subject, subjects: ReadonlyArray<Subject>) => {
  const { environment, name, needs = [], project } = subject.spec
  const after: Array<number> = []
  const missing: Array<{ readonly name: string; readonly near: string | undefined }> = []
  const problems: Array<SpecError> = []
  for (const wanted of needs) {
    const meant = subjects.flatMap(({ spec }, index) => (spec.name === wanted ? [{ index, spec }] : []))
    const nearby = meant.filter(({ spec }) => spec.project === project && spec.environment === environment)
    const [only, ...others] = nearby.length > 0 ? nearby : meant
    if (wanted === name && (only === undefined || subjects[only.index] === subject)) {
      problems.push(problemAt(subject, "needs", { message: `${name} cannot need itself`, hint: "remove it" }))
    } else if (only === undefined) {
      const names = subjects.map(({ spec }) => spec.name).filter((other) => other !== name)
      missing.push({ name: wanted, near: nearest(wanted, names) })
    } else if (others.length > 0) {
      problems.push(
        problemAt(subject, "needs", {
          message: `several specs are called ${wanted}: ${[only, ...others].map(({ index }) => subjects[index]?.file).join(", ")}`,
          hint: "none of them is in the environment of this one: put it there, or leave the name out"
        })
      )
    } else after.push(only.index)
  }
  return { after, missing, problems }
}

/** The other processes of its spec. */
const siblings = ({ spec }: Subject, subjects: ReadonlyArray<Subject>): ReadonlyArray<number> =>
  spec.process === undefined
    ? []
    : subjects.flatMap(({ spec: other }, index) =>
        other.process?.of === spec.process?.of &&
        other.name !== spec.name &&
        other.project === spec.project &&
        other.environment === spec.environment
          ? [index]
          : []
      )

const before = (subject: Subject, subjects: ReadonlyArray<Subject>): ReadonlyArray<number> =>
  siblings(subject, subjects).filter((index) =>
    subject.spec.process?.after.includes(subjects[index]?.spec.name ?? "")
  )

/** Databases that another of them makes in the same environment. */
const usedBy = ({ spec }: Subject, subjects: ReadonlyArray<Subject>) =>
  (spec.sharedDatabases ?? []).flatMap(({ use }) =>
    subjects.flatMap(({ spec: other }, of) =>
      other.project === spec.project &&
      other.environment === spec.environment &&
      other.databases.some(({ name }) => databaseName(other.name, name) === use)
        ? [{ of, database: use }]
        : []
    )
  )

/** The first round of `after`, from where it is entered. */
const cycleIn = (
  links: ReadonlyArray<{ readonly after: ReadonlyArray<number> }>
): ReadonlyArray<number> | undefined => {
  const done = new Set<number>()
  const path: Array<number> = []
  const walk = (index: number): ReadonlyArray<number> | undefined => {
    if (path.includes(index)) return path.slice(path.indexOf(index))
    if (done.has(index)) return undefined
    path.push(index)
    for (const before of links[index]?.after ?? []) {
      const found = walk(before)
      if (found !== undefined) return found
    }
    path.pop()
    done.add(index)
    return undefined
  }
  for (const index of links.keys()) {
    const found = walk(index)
    if (found !== undefined) return found
  }
  return undefined
}

/** Said at a key of the spec's text. */
const problemAt = (
  subject: Subject | undefined,
  key: string,
  { hint, message }: { readonly message: string; readonly hint: string }
): SpecError => {
  const node = parseYaml(subject?.text ?? "", new Report())
  const find = (within: Node | undefined, ...keys: ReadonlyArray<string>) =>
    within?._tag === "Map" ? within.entries.find((entry) => keys.includes(entry.key)) : undefined
  const process = find(find(node, "processes")?.node, subject?.spec.process?.name ?? "")
  const found = find(process?.node, key, `${key}s`) ?? find(node, key, `${key}s`)
  const place = found?.keyAt ?? { line: 0, column: 0 }
  return new SpecError({
    file: subject?.file ?? "",
    problems: [{ ...place, path: found?.path ?? key, message, hint }]
  })
}
