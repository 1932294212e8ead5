import * as Effect from "effect/Effect"

type Member<E> =
  | Effect.Effect<unknown, E>
  | ((...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, E>)
  | string
  | object

const isEffect = <E>(member: Member<E>): member is Effect.Effect<unknown, E> => Effect.isEffect(member)

/** The service with `around` about each of its calls; what is no call stays as it is. */
export const eachCall = <S extends object, E, E2>(
  service: S,
  around: (method: string, call: Effect.Effect<unknown, E>) => Effect.Effect<unknown, E2>
): S =>
  Object.fromEntries(
    Object.entries(service as Record<string, Member<E>>).map(([method, member]) => [
      method,
      typeof member === "function"
        ? (...args: ReadonlyArray<unknown>) => around(method, member(...args))
        : isEffect(member)
          ? around(method, member)
          : member
    ])
  ) as S
