const longestWaitMillis = 300_000

/** Milliseconds of a Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3), at most five minutes; else `undefined`. */
export const retryAfterMillis = (header: string | undefined, nowMillis: number): number | undefined => {
  if (header === undefined) return undefined
  const text = header.trim()
  const millis = /^\d{1,10}$/.test(text)
    ? Number(text) * 1000
    : /^[A-Za-z]{3,9},? /.test(text)
      ? Date.parse(text) - nowMillis
      : Number.NaN
  return Number.isNaN(millis) ? undefined : Math.min(Math.max(millis, 0), longestWaitMillis)
}
