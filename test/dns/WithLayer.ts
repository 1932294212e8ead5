import { afterAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

/**
 * A suite of live tests over one layer, built at the first test and closed after the last. (The `layer` of
 * @effect/vitest changes the `it` of the whole file, so that later tests would run in its environment.)
 */
export const withLayer = <R, E>(
  name: string,
  makeLayer: () => Layer.Layer<R, E>,
  tests: (test: <A, E2>(title: string, body: () => Effect.Effect<A, E2, R>) => void) => void
): void => {
  describe(name, () => {
    const runtime = ManagedRuntime.make(makeLayer())
    afterAll(() => runtime.dispose())
    tests((title, body) => it.live(title, () => Effect.provide(body(), runtime)))
  })
}
