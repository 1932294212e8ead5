import * as Layer from "effect/Layer"
import type { Screen } from "../ui/Screen.ts"
import * as Json from "../ui/Json.ts"
import * as Text from "../ui/Text.ts"
import * as Watch from "./Watch.ts"

/** The screen behind `Progress`: text or JSON lines. */
export const layer = (options: {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}): Layer.Layer<never, never, Screen | Watch.Watch> =>
  Layer.provide(Watch.layer, options.json ? Json.layer() : Text.layer(options))
