/** The JSON Schema (draft 7) of a spec, for editors. Nothing that deploys loads it. */
import * as JSONSchema from "effect/JSONSchema"
import { Written } from "./Spec.ts"

export const specJsonSchema = (): object => JSONSchema.make(Written)
