/** A DNS provider as a value: all that the rest of fabrik knows of it. Cheap to load: its client comes with `make`. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { DnsCapabilities, DnsClient } from "./DnsClient.ts"
import type { DnsError, DnsErrorReason } from "./DnsError.ts"

/** A variable of the environment. An empty one is an unset one. */
export interface Variable {
  /** What to set it to, after its name: "a token with the right to edit DNS". */
  readonly says: string
  /** Holds a key: hidden everywhere, and no spec may have it sent to an application. */
  readonly secret?: true
  readonly optional?: true
  /** A name that other tools know it by, read where the first is not set. */
  readonly also?: string
}

type Variables = Readonly<Record<string, Variable>>

type Given<V extends Variable> =
  | (V extends { readonly secret: true } ? Redacted.Redacted<string> : string)
  | (V extends { readonly optional: true } ? undefined : never)

export type Account = Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient>

interface Described<N extends string, V extends Variables> {
  /** What `dns.provider` calls it. */
  readonly name: N
  /** What people call it. */
  readonly title: string
  readonly variables: V
  /** What is to be known before it is used, for docs/dns.md. */
  readonly note?: string
  /** Its variables are often set for other ends, so that it is used only where a spec names it. */
  readonly onlyNamed?: true
  readonly capabilities: DnsCapabilities
  /** Its zones are chosen by the token alone; the next step where a reason needs more than the usual one. */
  readonly advice: { readonly [R in DnsErrorReason]?: string }
  /** Loads the client, which asks nothing by itself. */
  readonly make: (given: { readonly [K in keyof V]: Given<V[K]> }) => Promise<Account>
}

export interface DnsProviderValue<N extends string = string> extends Omit<Described<N, Variables>, "make"> {
  /** A method, so that each provider may read the variables that it has described, and no others. */
  make(given: Readonly<Record<string, Redacted.Redacted<string> | string | undefined>>): Promise<Account>
}

export const provider = <const N extends string, const V extends Variables>(
  described: Described<N, V>
): DnsProviderValue<N> => described
