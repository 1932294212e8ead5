/**
 * How Laravel trims what it is sent: Str::trim of Illuminate/Support (11 and later) takes blanks and characters that
 * nobody sees from both ends.
 */
const dropped =
  "[\\s\\0\\u0085\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180E\\u2000-\\u200F\\u202F\\u205F\\u2060-\\u2065\\u206A-\\u206F\\u2800\\u3000\\u3164\\uFEFF\\uFFA0\\u{1D159}\\u{1D173}-\\u{1D17A}\\u{E0020}]+"
const start = new RegExp(`^${dropped}`, "u")
const end = new RegExp(`${dropped}$`, "u")

/** A text as Laravel's TrimStrings lets it through. */
export const trimmed = (text: string): string => {
  const from = text.replace(start, "")
  // Only where it ends in one: the search for the end would try at every blank.
  return end.test(from.slice(-1)) || end.test(from.slice(-2)) ? from.replace(end, "") : from
}
