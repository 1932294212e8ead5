/** The published JSON Schema, checked by a validator that nobody here wrote, as an editor does it. */
import { Ajv } from "ajv"
import { parse } from "yaml"
import { specJsonSchema } from "../../src/appspec/JsonSchema.ts"

// Editors know keywords that no draft has (`doNotSuggest`); what no draft may have would be refused all the same.
export const validator = new Ajv({ allErrors: true, strict: false, validateSchema: true })
const validate = validator.compile(specJsonSchema())

/** What the JSON Schema has against the text, each with its place; none: it is taken. */
export const schemaProblems = (text: string): ReadonlyArray<string> =>
  validate(parse(text, { version: "1.2", schema: "core" }))
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`
      )
