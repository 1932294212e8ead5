import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DeploymentEvent, Emitted, Progress } from "../engine/DeploymentEvent.ts"
import { cleanLines } from "./Sanitize.ts"
import { Screen } from "./Screen.ts"

const encode = Schema.encodeSync(DeploymentEvent)

/** Text from elsewhere stays harmless in a log or on a terminal; its line breaks stay. */
const harmless = (_key: string, value: unknown): unknown =>
  typeof value === "string" ? cleanLines(value).join("\n") : value

/** One object on one line. */
export const jsonLine = (facts: Readonly<Record<string, unknown>>): string => JSON.stringify(facts, harmless)

/** `{"at":"2026-01-31T12:00:00.000Z","run":"…","state":"DEPLOYING","type":"DeploymentProgress",…}` */
export const eventLine = ({ at, run, state, event }: Emitted, spec: string | undefined): string => {
  const { _tag, ...facts } = encode(event)
  const of = spec === undefined ? {} : { spec }
  return jsonLine({ at: new Date(at).toISOString(), run, ...of, state, type: _tag, ...facts })
}

const decode = Schema.decodeUnknownOption(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)
const decodeEmitted = Schema.decodeUnknownOption(Emitted)

/** What {@link eventLine} has written; none: it is no event of this version's. */
export const readEventLine = (line: string): Option.Option<Emitted> =>
  Option.flatMap(decode(line), ({ at, run, state, type, ...facts }) =>
    decodeEmitted({ at: Date.parse(String(at)), run, state, event: { ...facts, _tag: type } })
  )

/**
 * One event a line on `out`, and nothing else there.
 * @param spec whose run it is, where one command has several.
 */
export const layer = (spec?: string): Layer.Layer<never, never, Screen> =>
  Layer.effect(
    Progress,
    Effect.map(Screen, ({ out }) => ({
      emit: (emitted: Emitted) => out.write(eventLine(emitted, spec) + "\n")
    }))
  )
