/** Resources and what each of them needs: each is made as soon as that is there, and independent ones side by side. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Address } from "./Change.ts"

export interface Node<A, E, R> {
  readonly address: Address
  /** What others need of it, known only once it is made: waits for that. */
  readonly output: Effect.Effect<A>
  readonly make: Effect.Effect<void, E, R>
}

/**
 * A node that is made once those in `after` are. As it can name earlier nodes alone, no graph has a cycle.
 * @param make may use the `output` of other nodes.
 */
export const node = <A, E, R>(
  address: Address,
  after: ReadonlyArray<Pick<Node<unknown, unknown, unknown>, "output">>,
  make: Effect.Effect<A, E, R>
): Effect.Effect<Node<A, E, R>> =>
  Effect.map(Deferred.make<A>(), (made) => ({
    address,
    output: Deferred.await(made),
    make: Effect.forEach(after, ({ output }) => output, { discard: true }).pipe(
      Effect.zipRight(make),
      Effect.flatMap((value) => Deferred.succeed(made, value)),
      Effect.withSpan(`${address.kind} ${address.name}`)
    )
  }))

/**
 * Makes all of them in the surrounding scope. The first failure interrupts what is under way; the scope then undoes what was
 * made, the newest first, and so nothing before what stands on it.
 */
export const makeAll = <E, R>(nodes: ReadonlyArray<Node<unknown, E, R>>): Effect.Effect<void, E, R> =>
  Effect.forEach(nodes, ({ make }) => make, { concurrency: "unbounded", discard: true })
