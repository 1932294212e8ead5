/** What a request to a DNS provider was to do, in words. */
const doings: Readonly<Record<string, string>> = {
  connect: "use the DNS provider",
  findZone: "find the zone",
  listAt: "read the records",
  listCommented: "look through the records",
  put: "write the record",
  remove: "remove the record"
}

/** `write the record`; what is no method is told as it is. */
export const doingOf = (method: string): string => doings[method] ?? method
