/** Which values of a file may stand in a spec, and which are secrets that may not. */
import type { Cursor } from "./Cursor.ts"
import { type Draft, literal } from "./Draft.ts"

const secretWord =
  /(?:^|[_.-])(?:PASS(?:WORD|WD|PHRASE)?|PWD|SECRETS?|TOKEN|CREDENTIALS?|SALT|DSN|MNEMONICS?|(?:API|ACCESS|PRIVATE|SECRET|MASTER|ENCRYPTION|SIGNING|APP|LICEN[CS]E|AUTH|JWT|SESSION|COOKIE|SERVICE_ROLE)_?KEYS?|KEY_BASE|[A-Z0-9]+PASSWORD|[A-Z0-9]+SECRET|[A-Z0-9]+TOKEN|PASSWORD_HASH)(?:$|[_.-](?:\d+|B64|BASE64|HASH|KEY|KEY_BASE|TOKEN|ID)$)/i

/** Meant for a browser, and so for everybody. */
const publicWord =
  /^(?:NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|PUBLIC|EXPO_PUBLIC|GATSBY)_|PUBLIC_KEY$|(?:ACCESS|API)_KEY_ID$|TOKEN_(?:TTL|EXPIR)/i

const secretText =
  /:\/\/[^/\s:@]*:[^/\s@${]+@|-----BEGIN|\b(?:sk|pk|rk)_live_|\bghp_|\bgithub_pat_|\bAKIA[0-9A-Z]{12}|\bxox[abp]-|\beyJ[\w-]{10,}\.[\w-]{10,}\.|\bSG\.[\w-]{10,}\./

/** What no secret looks like: nothing, a switch, a small number, a path, an address without a password, a placeholder of others. */
const harmlessText =
  /^(?:|true|false|yes|no|on|off|none|null|\d{1,6}[a-z]{0,3}|\.{0,2}\/[\w./-]*|https?:\/\/[^\s@]*)$/i

/** Whether a value of that name may be a secret, judged by its name alone. */
export const namesSecret = (name: string): boolean => secretWord.test(name) && !publicWord.test(name)

/** Whether `value` must not stand in a spec. */
export const isSecret = (name: string, value: string): boolean =>
  secretText.test(value) || (namesSecret(name) && !harmlessText.test(value))

/** Keys that an application signs with, under their usual names: any value does, as long as it stays. */
const signing =
  /^(?:(?:DJANGO|FLASK|APP|RAILS)_)?SECRET(?:_KEY|_TOKEN)?(?:_BASE)?$|^(?:JWT|SESSION|COOKIE|AUTH|NEXTAUTH|BETTER_AUTH)_SECRET(?:_KEY)?$/i

/** What a template of Coolify's leaves to be made up, under a name of its own: any value does. */
const templates = /^SERVICE_(?:ORG|BUCKET|DB|TOKEN|SECRET)_[A-Z0-9_]+$/

/**
 * What becomes of a secret that nobody supplies.
 * @param chosen names of passwords that a database of the same file is set up with.
 */
export const ruleOf = (name: string, chosen: ReadonlySet<string> = new Set()): "required" | "generate" =>
  signing.test(name) || templates.test(name) || chosen.has(name) ? "generate" : "required"

/** Names it under `secrets`; its value comes from the environment or from `.env`. */
export const secret = (draft: Draft, name: string, from: Cursor, rule: "required" | "generate"): void => {
  if (draft.at("secrets", name) === undefined) draft.put("secrets", name, rule, from)
}

/** As Coolify sends it: a block of YAML has a line break at its end that nobody meant. */
export const withoutBreak = (value: string, from: Cursor): string => {
  const sent = value.replace(/[\r\n]+$/, "")
  if (sent !== value) from.warn("Coolify drops the line break at its end", "env")
  return sent
}

/** {@link variable}, with the text that stands at `from`. */
export const variableAt = (draft: Draft, name: string, from: Cursor): void => {
  if (from.kind === "Leaf") variable(draft, name, from.text() ?? "", from)
  else from.leave("its value is no text", "env")
}

/** A variable with the value that stands in the file, which is not repeated where it may be a secret. */
export const variable = (draft: Draft, name: string, value: string, from: Cursor): void => {
  if (!isSecret(name, value)) {
    draft.put("env", name, literal(withoutBreak(value, from)), from)
    return
  }
  const rule = ruleOf(name)
  secret(draft, name, from, rule)
  from.warn(
    rule === "generate"
      ? "looks secret, so its value is not written into the spec: a new one is generated unless `.env` or the environment has it"
      : "looks secret, so its value is not written into the spec: give it in `.env` or in the environment",
    "secrets"
  )
}
