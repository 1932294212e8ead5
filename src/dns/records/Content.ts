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

/** Text in quotes, a name with its final dot. */
export const toContent = (type: string, value: string): string => {
  if (type === "TXT") return quoteText(value)
  return type === "CNAME" ? `${normalName(value)}.` : canonicalValue(type, value)
}
