/**
 * The name and the password that Coolify's proxy asks visitors for. It cannot be switched on without both (422, recorded),
 * and none of them can be taken back: switched off, they stand there and ask nobody.
 */
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Body } from "../Transport.ts"
import { orElse, text } from "./Fields.ts"

export interface BasicAuth {
  readonly username: string
  /** `undefined`: the token may not read it (`read:sensitive`). */
  readonly password: Redacted.Redacted<string> | undefined
}

/** Of the row of an application. */
export const basicAuthColumns = {
  is_http_basic_auth_enabled: orElse(Schema.Boolean, false),
  http_basic_auth_username: text,
  http_basic_auth_password: text
}

type Row = Schema.Schema.Type<Schema.Struct<typeof basicAuthColumns>>

/** Absent where it is switched off. */
export const basicAuthIn = (row: Row): { readonly basicAuth?: BasicAuth } => {
  if (!row.is_http_basic_auth_enabled) return {}
  const { http_basic_auth_password: password, http_basic_auth_username: username } = row
  return { basicAuth: { username, password: password === "" ? undefined : Redacted.make(password) } }
}

/** The proxy's labels are made anew of it, and a container gets them with its next deployment. */
export const basicAuthBody = (auth: BasicAuth | "off"): Body =>
  auth === "off"
    ? { is_http_basic_auth_enabled: false }
    : {
        is_http_basic_auth_enabled: true,
        http_basic_auth_username: auth.username,
        ...(auth.password === undefined ? {} : { http_basic_auth_password: Redacted.value(auth.password) })
      }
