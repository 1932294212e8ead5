/** Databases of a file that several of its specs use: the first makes it, the others name it. */
import type { Cursor } from "./Cursor.ts"
import { type Draft, label } from "./Draft.ts"
import type { Job } from "./Input.ts"

interface Defined {
  readonly name: string
  /** `postgres:17` */
  readonly image: string
  readonly from: Cursor
  holder?: Draft
}

export class Databases {
  private readonly all = new Map<string, Defined>()
  private readonly job: Job

  constructor(job: Job) {
    this.job = job
  }

  define(name: string, image: string, from: Cursor): void {
    const short = label(name)
      .slice(0, 32)
      .replace(/-+$/, "")
      .replace(/^[^a-z]+/, "")
    this.all.set(name, { name: short === "" ? "main" : short, image, from })
  }

  has(name: string): boolean {
    return this.all.has(name)
  }

  /** What stands for a property of it in a variable of `draft`; `undefined`: there is no such database. */
  reference(name: string, property: string, draft: Draft): string | undefined {
    const found = this.all.get(name)
    if (found === undefined) return undefined
    if (found.holder === undefined) {
      found.holder = draft
      draft.put("databases", found.name, found.image, found.from)
    } else if (found.holder !== draft && draft.at("databases", found.name) === undefined) {
      draft.put("databases", found.name, { use: `${found.holder.name}-${found.name}` }, found.from)
      const isProcess = this.job.processes.some((one) => one.draft === draft)
      if (!isProcess)
        draft.comment("databases", `The spec ${found.holder.name} makes it: apply that one first.`)
    }
    return `\${databases.${found.name}.${property}}`
  }

  /** Tells of those that nothing uses. */
  finish(): void {
    const [main] = this.job.drafts
    for (const { from, holder } of this.all.values()) {
      if (holder === undefined && main !== undefined)
        from.for(main).leave("no variable of the file refers to it, so that no spec makes it", "databases")
    }
  }
}
