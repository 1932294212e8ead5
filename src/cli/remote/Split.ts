/** Which specs of a command must go together, and which are for any worker. Pure. */
import { takenFromBeside } from "../../appspec/Beside.ts"
import type { Linked, Subject } from "../../appspec/Batch.ts"
import * as Redacted from "effect/Redacted"
import type { Request } from "./Request.ts"

export interface Part<S extends Subject> {
  readonly links: ReadonlyArray<Linked<S>>
}

/** Those that need another, use its database or share its file go with it; the order of the first ones stays. */
export const split = <S extends Subject>(
  links: ReadonlyArray<Linked<S>>,
  together: boolean
): ReadonlyArray<Part<S>> => {
  const group = links.map((_, index) => (together ? 0 : index))
  const join = (one: number, other: number): void => {
    const [from, to] = [group[one], group[other]]
    if (from === undefined || to === undefined || from === to) return
    const [low, high] = [Math.min(from, to), Math.max(from, to)]
    for (const [index, of] of group.entries()) if (of === high) group[index] = low
  }
  const byFile = new Map<string, number>()
  for (const [index, { after, subject, together: siblings, uses }] of links.entries()) {
    for (const other of [...after, ...siblings, ...uses.map(({ of }) => of)]) join(index, other)
    const first = byFile.get(subject.file)
    if (first === undefined) byFile.set(subject.file, index)
    else join(index, first)
  }
  return [...new Set(group)].map((of) => ({ links: links.filter((_, index) => group[index] === of) }))
}

/** Each spec in a folder of its own, with what it takes from the files beside it. */
export const filesOf = (subjects: ReadonlyArray<Subject>): Pick<Request, "files" | "specs"> => {
  const files = new Map<string, string>()
  const specs: Array<string> = []
  const folders = new Map<string, string>()
  for (const { file, spec, text } of subjects) {
    const known = folders.get(file)
    const folder = known ?? `${folders.size + 1}`
    folders.set(file, folder)
    if (known === undefined) {
      const path = `${folder}/${file.split("/").at(-1) ?? "spec.yaml"}`
      files.set(path, text)
      specs.push(path)
    }
    for (const { content, name } of takenFromBeside(spec)) {
      if (content !== undefined) files.set(`${folder}/${name}`, Redacted.value(content))
    }
  }
  return { files: [...files].map(([path, text]) => ({ path, text })), specs }
}
