/** The last line of defence: takes known secrets out of whatever is about to be written. */
import * as Redacted from "effect/Redacted"
import { formsOf, shortestSecret, textsOf } from "./SecretForms.ts"
import { decodedViews, endOfWhole, rewritten, type Span } from "./SecretViews.ts"

/** Stands where a secret stood. */
export const redactedMark = "[redacted]"

export interface Redactor {
  /** From now on the value is taken out, in each of its {@link formsOf forms}. */
  readonly learn: (secret: Redacted.Redacted<string>) => void
  /** The value is meant to be seen: it is taken out no longer. */
  readonly show: (secret: Redacted.Redacted<string>) => void
  /** A text that is complete. */
  readonly text: (text: string) => string
  /**
   * A stream that is written piece by piece. The end of a piece is held back while it may be the beginning of a secret:
   * until the next piece, or `flush`, or for `linger` milliseconds where somebody waits to see it.
   */
  readonly stream: (write: (text: string) => void, linger: number | undefined) => RedactedStream
}

interface RedactedStream {
  readonly write: (text: string) => void
  /** Writes what is held back. */
  readonly flush: () => void
}

export const makeRedactor = (): Redactor => {
  const secrets = new Set<string>()
  const shown = new Set<string>()
  // Made when there is something to write, not for each secret that is learned.
  let matcher: Matcher | undefined
  const current = () => {
    const wanted = [...secrets].filter((secret) => !shown.has(secret))
    return (matcher ??= makeMatcher(wanted))
  }

  const stream: Redactor["stream"] = (write, linger) => {
    let held = ""
    /** So many characters of what is held belong to a secret whose mark is written already. */
    let covered = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const push = (text: string, last: boolean) => {
      clearTimeout(timer)
      const pending = held + text
      if (pending === "") return
      const { find, openEnd } = current()
      const end = last ? pending.length : openEnd(pending)
      let out = ""
      let at = covered
      for (const span of merged([...(covered > 0 ? [{ start: 0, end: covered }] : []), ...find(pending)])) {
        if (span.start >= end) break
        if (span.start >= at) out += pending.slice(at, span.start) + redactedMark
        at = Math.max(at, span.end)
      }
      if (at < end) out += pending.slice(at, end)
      held = pending.slice(end)
      covered = Math.max(0, at - end)
      if (out !== "") write(out)
      if (held !== "" && linger !== undefined) {
        timer = setTimeout(() => push("", true), linger)
        timer.unref()
      }
    }
    return { write: (text) => push(text, false), flush: () => push("", true) }
  }

  return {
    learn: (secret) => {
      const value = Redacted.value(secret)
      if (secrets.has(value) || value.trim().length < shortestSecret) return
      secrets.add(value)
      matcher = undefined
    },
    show: (secret) => {
      shown.add(Redacted.value(secret))
      matcher = undefined
    },
    text: (text) => {
      let out = ""
      const { write, flush } = stream((piece) => (out += piece), undefined)
      write(text)
      flush()
      return out
    },
    stream
  }
}

interface Matcher {
  /** Where the forms stand, in no order. */
  readonly find: (text: string) => ReadonlyArray<Span>
  /** Where the longest end of the text begins that may be the beginning of a form; the text's length: nowhere. */
  readonly openEnd: (text: string) => number
}

const nothing: Matcher = { find: () => [], openEnd: (text) => text.length }

/** Looks for the forms of the secrets in a text, and for the secrets themselves in its other readings. */
const makeMatcher = (secrets: ReadonlyArray<string>): Matcher => {
  if (secrets.length === 0) return nothing
  const encoded = formMatcher(new Set(secrets.flatMap((secret) => [...formsOf(secret)])))
  const plain = formMatcher(new Set(secrets.flatMap((secret) => [...textsOf(secret)])))
  return {
    find: (text) => [
      ...encoded.find(text),
      // A long word or a passphrase that the screen has broken into lines.
      ...["", " "].flatMap((glue) => {
        const view = withoutBreaks(text, glue)
        return view === undefined ? [] : encoded.find(view.text).map(view.toText)
      }),
      ...decodedViews(text).flatMap((view) => plain.find(view.text).map(view.toText))
    ],
    openEnd: (text) => {
      const open = encoded.openEnd(text)
      // No escape of a character is longer than this, nor one that was escaped again.
      const from = Math.max(0, text.length - plain.longest * 12 - 64)
      const tail = text.slice(from)
      const cut = endOfWhole(tail)
      const known = tail.slice(0, cut)
      const views = [{ text: known, toText: (span: Span) => span }, ...decodedViews(known)]
      const places = views.flatMap((view) => {
        const at = plain.openEnd(view.text)
        return at === view.text.length ? [] : [view.toText({ start: at, end: at + 1 }).start]
      })
      return Math.min(open, from + Math.min(cut, ...places))
    }
  }
}

const formMatcher = (forms: ReadonlySet<string>): Matcher & { readonly longest: number } => {
  // By their first characters, the longest first; a table of the first two rules out nearly every place in a text.
  const byHead = new Map<string, Array<string>>()
  const mayStart = new Uint8Array(4096)
  const slot = (first: number, second: number) => (first ^ (second << 5)) & 4095
  let longest = 0
  for (const form of [...forms].toSorted((a, b) => b.length - a.length)) {
    const head = form.slice(0, shortestSecret)
    const others = byHead.get(head)
    if (others === undefined) byHead.set(head, [form])
    else others.push(form)
    mayStart[slot(form.charCodeAt(0), form.charCodeAt(1))] = 1
    longest = Math.max(longest, form.length)
  }
  const heads = [...byHead.keys()]
  const candidates = (text: string, at: number): ReadonlyArray<string> =>
    byHead.get(text.slice(at, at + shortestSecret)) ?? []

  return {
    longest,
    find: (text) => {
      const spans: Array<Span> = []
      let next = text.charCodeAt(0)
      for (let at = 0; at + shortestSecret <= text.length; at++) {
        const here = next
        next = text.charCodeAt(at + 1)
        if (mayStart[slot(here, next)] === 0) continue
        const form = candidates(text, at).find((form) => text.startsWith(form, at))
        if (form !== undefined) spans.push({ start: at, end: at + form.length })
      }
      return spans
    },
    openEnd: (text) => {
      for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++) {
        if (at + 1 < text.length && mayStart[slot(text.charCodeAt(at), text.charCodeAt(at + 1))] === 0)
          continue
        const rest = text.slice(at)
        const open =
          rest.length < shortestSecret
            ? heads.some((head) => head.startsWith(rest))
            : candidates(text, at).some((form) => form.length > rest.length && form.startsWith(rest))
        if (open) return at
      }
      return text.length
    }
  }
}

/** A line break with the indentation and the paint around it, as Layout and Style make them. */
// oxlint-disable-next-line no-control-regex
const layoutBreak = /(?:\u001b\[[0-9;]*m)*\n(?:\u001b\[[0-9;]*m| )*/gu

/** What ends or begins with a break has nothing to be joined to. */
const withoutBreaks = (text: string, glue: string) =>
  rewritten(text, layoutBreak, ({ index, 0: gap }) =>
    index === 0 || index + gap.length === text.length ? undefined : glue
  )

/** In order, and those that overlap as one. */
const merged = (spans: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  const out: Array<Span> = []
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const before = out.at(-1)
    if (before === undefined || span.start >= before.end) out.push(span)
    else out[out.length - 1] = { start: before.start, end: Math.max(before.end, span.end) }
  }
  return out
}
