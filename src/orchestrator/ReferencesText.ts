/** Pure: which variables of an application are made of what its databases tell, as a spec says it. */
import * as Redacted from "effect/Redacted"
import { isReference, type TextTemplate } from "../appspec/Interpolate.ts"
import type { DatabaseBackup } from "../appspec/sections/Databases.ts"
import { connectionIn } from "../coolify/DatabaseEngine.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import { openPort } from "../coolify/endpoints/Derived.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { isOurComment } from "../kinds/VariableComment.ts"
import { specName } from "./Managed.ts"
import { fieldOf } from "./References.ts"

/** The databases by what the spec calls them. */
export const shortNamed = (
  application: Pick<Application, "name">,
  databases: ReadonlyArray<Database & { readonly backup?: DatabaseBackup }>
) => {
  const prefix = `${specName(application.name) || "app"}-`
  return databases.map(({ backup, engine, image, name, url, ...access }) => ({
    name: name.slice(prefix.length),
    engine,
    image,
    url,
    ...(backup === undefined ? {} : { backup }),
    ...portOf(openPort(access))
  }))
}

const portOf = (publicPort: number | undefined) => (publicPort === undefined ? {} : { publicPort })

/** Variables of fabrik's that are made of what the databases tell, as a spec says it. */
export const referencesIn = (
  rows: ReadonlyArray<ObservedVariable>,
  databases: ReturnType<typeof shortNamed>
): Readonly<Record<string, TextTemplate>> => {
  const told = databases.flatMap(({ engine, name, url }) => {
    const connection = url === undefined ? undefined : connectionIn(engine, url)
    return connection === undefined ? [] : [{ database: name, connection }]
  })
  const templateOf = (value: string): TextTemplate => {
    let parts: TextTemplate = [value]
    for (const { connection, database } of told) {
      // The others are short words that mean the same wherever they come from.
      for (const field of ["url", "password", "host"] as const) {
        const text = fieldOf(connection, { database, field })
        if (text === "") continue
        parts = parts.flatMap((part) =>
          typeof part === "string"
            ? part
                .split(text)
                .flatMap((piece, index): TextTemplate =>
                  index === 0 ? [piece] : [{ database, field }, piece]
                )
            : [part]
        )
      }
    }
    return parts
  }
  return Object.fromEntries(
    rows.flatMap(({ comment: said, isPreview, key, value }) => {
      if (isPreview || value === undefined || !isOurComment(said)) return []
      const template = templateOf(Redacted.value(value))
      return template.some(isReference) ? [[key, template]] : []
    })
  )
}
