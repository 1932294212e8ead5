import { provider } from "../Provider.ts"

export const command = provider({
  name: "command",
  title: "any other provider, by a program of yours",
  variables: {
    FABRIK_DNS_COMMAND: { says: "the program with its arguments, split at spaces; no shell reads it" }
  },
  note: 'see "A DNS provider of your own"',
  capabilities: {
    compareAndSet: false,
    atomicBatch: false,
    minTtl: 1,
    automaticTtl: 300,
    comments: false,
    proxied: false
  },
  advice: {
    Unauthorized: "Give the program of FABRIK_DNS_COMMAND its credentials; it says that they are refused.",
    Forbidden: "Make the program of FABRIK_DNS_COMMAND executable.",
    ZoneNotFound:
      "The program of FABRIK_DNS_COMMAND knows no such zone: correct `domain` in the spec, or the program.",
    BadResponse: "Correct the program of FABRIK_DNS_COMMAND: its answers must be as docs/dns.md says."
  },
  make: async (given) => {
    const Command = await import("./Command.ts")
    return Command.layer({ command: given.FABRIK_DNS_COMMAND })
  }
})
