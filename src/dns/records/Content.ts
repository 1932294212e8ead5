/** How record sets look in most APIs: names below their zone, values in the presentation form of zone files. */
import * as Option from "effect/Option"
import type { Zone } from "../DnsClient.ts"
import { canonicalValue, normalizeName } from "../Name.ts"
import { quoteText, unquoteText } from "../Text.ts"

export const normalName = (written: string): string =>
  Option.getOrElse(normalizeName(written), () => written.toLowerCase().replace(/\.$/, ""))

/** `www` of `www.example.com`; `apex`: what the API calls the zone itself. */
export const below = ({ name: zone }: Zone, name: string, apex: string): string =>
  name === zone ? apex : name.slice(0, -zone.length - 1)

/** The other way round; the API may have written the zone's name out. */
export const absolute = ({ name: zone }: Zone, written: string): string => {
  const name = normalName(written)
  return name === "" || name === "@" || name === zone
    ? zone
    : name.endsWith(`.${zone}`)
      ? name
      : `${name}.${zone}`
}

export const fromContent = (type: string, content: string): string =>
  type === "TXT" ? unquoteText(content) : canonicalValue(type, content)

/** Text in quotes, a name with its final dot, which without it would be one below the zone. */
export const toContent = (type: string, value: string): string => {
  if (type === "TXT") return quoteText(value)
  if (type === "CNAME") return `${normalName(value)}.`
  const content = canonicalValue(type, value)
  return type === "MX" || type === "SRV" ? content.replace(/(?<=[^\s.])$/, ".") : content
}

/** What stands before the host of an MX or SRV value, for APIs that have fields for it. */
export const hostFields = (
  value: string
): { readonly host: string; readonly numbers: ReadonlyArray<number> } => {
  const fields = value.split(" ")
  return { host: fields.at(-1) ?? "", numbers: fields.slice(0, -1).map(Number) }
}
