/**
 * Text from elsewhere (logs, API messages, DNS answers) made fit for a terminal and for a CI log: it may neither move
 * the cursor, nor hide or reorder what is on the screen, nor speak to the CI runner.
 */

// CSI, OSC and the other string sequences (ended by BEL or ST), and two-character escapes.
// oxlint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\|$)|[ -/]*[0-~])/gu
const c1Csi = /\u009b[0-?]*[ -/]*[@-~]/gu
// oxlint-disable-next-line no-control-regex
const c1Strings = /[\u009d\u0090\u0098\u009e\u009f][^\u0007\u009c\n]*(?:\u0007|\u009c|$)/gu
// Controls, bidi marks and overrides, zero-width and invisible characters, tags, separators, lone surrogates.
const unsafe =
  /[\p{Cc}\p{Cs}\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** GitHub and its kin read `::name` at the start of a line, and `##name[` (also Azure, TeamCity) anywhere in it. */
const neutralised = (line: string): string =>
  line.replace(/^(\s*):(?=:)/u, "$1: ").replace(/##(?=\w*\[)/gu, "# #")

/** The lines of a remote text, cleaned one by one. A lone carriage return begins a line too: it would overwrite one. */
export const cleanLines = (text: string): ReadonlyArray<string> =>
  text
    .split(/\r\n|\n|\r/u)
    .map((line) => neutralised(escapesRemoved(line.replaceAll("\t", "    ")).replace(unsafe, "")).trimEnd())

const escapesRemoved = (line: string): string =>
  line.replace(escapes, "").replace(c1Csi, "").replace(c1Strings, "")

/** A remote text on one line. */
export const clean = (text: string): string =>
  neutralised(
    cleanLines(text)
      .filter((line) => line !== "")
      .join(" ")
  )
