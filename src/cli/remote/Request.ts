/** What a worker is handed: the files of the specs, the values that they need, and how they are to be applied. */
import * as Schema from "effect/Schema"
import { ofWorker } from "./OfWorker.ts"

const Request = Schema.Struct({
  /** Below a folder of its own. */
  files: Schema.Array(Schema.Struct({ path: Schema.String, text: Schema.String })),
  /** Those of the files that are specs. */
  specs: Schema.Array(Schema.String),
  /** Options of `apply`. */
  options: Schema.Array(Schema.String),
  /** Secrets, and what `${env.NAME}` stands for. */
  environment: Schema.Record({ key: Schema.String, value: Schema.String })
})
export type Request = typeof Request.Type

/** As text, which is sealed before it leaves the machine. */
export const RequestText = Schema.parseJson(Request)

/** What a process is made by: nobody else has a say in it. */
export const isOfTheProcess = (name: string): boolean =>
  name === ofWorker || /^(?:NODE_|LD_|DYLD_|(?:PATH|HOME|TMPDIR|SHELL)$)/.test(name)
