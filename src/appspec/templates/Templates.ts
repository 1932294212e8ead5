import { nodeApi } from "./NodeApi.ts"
import { pythonApi } from "./PythonApi.ts"
import { staticSite } from "./StaticSite.ts"
import type { Template } from "./Template.ts"

/** Every template there is. A spec names one of them; nothing is ever loaded by path. */
export const templates: readonly [Template, ...ReadonlyArray<Template>] = [pythonApi, nodeApi, staticSite]

export const findTemplate = (name: string): Template | undefined =>
  templates.find((template) => template.name === name)
