/** What each reason means to a person, and what to do about it. A new reason does not compile without its words. */
import type { CoolifyErrorReason } from "../coolify/CoolifyError.ts"
import type { DnsErrorReason } from "../dns/DnsError.ts"
import type { UnhealthyError } from "../health/AwaitHealthy.ts"
import type { ProbeError } from "../health/HealthProbe.ts"
import type { DeploymentFailedError, RefusedError } from "../engine/DeployError.ts"
import type { JournalError } from "../state/Journals.ts"
import type { SecretError } from "../secrets/SecretStore.ts"

interface Advice {
  /** The cause, as a sentence. Empty when the error's own words say it. */
  readonly cause: string
  /** The next step, as a sentence. */
  readonly next: string
}

type Table<Reason extends string> = { readonly [R in Reason]: Advice }

const looksLikeCoolify =
  "Check the address: it is that of your Coolify dashboard, such as https://coolify.example.com."

export const coolifyAdvice: Table<CoolifyErrorReason> = {
  ApiDisabled: {
    cause: "The API of this Coolify is switched off, as it is after every installation.",
    next: "Switch it on in Coolify under Settings, Advanced, API Access."
  },
  AddressNotAllowed: {
    cause: "Coolify does not take API calls from the address of this machine.",
    next: "Add this machine's address in Coolify under Settings, Advanced, Allowed IPs for API Access."
  },
  Unauthenticated: {
    cause: "Coolify does not know this token: it is wrong, expired or revoked.",
    next: "Make a new one in Coolify under Keys & Tokens, API Tokens, and set COOLIFY_TOKEN to it."
  },
  MissingAbility: {
    cause: "The token may not do this.",
    next: "Make a token with `deploy`, `read` and `write` in Coolify under Keys & Tokens, API Tokens; tick `deploy` first, as ticking it clears the others. `read:sensitive` lets fabrik restore values."
  },
  Forbidden: {
    cause: "The owner of this token has no right to do this in the team.",
    next: "Use a token made by an admin or the owner of the team."
  },
  Blocked: {
    cause: "Something before Coolify refuses the request: a proxy, a firewall or a login.",
    next: "Let this machine through there, or make an exception for paths that begin with /api."
  },
  NotFound: {
    cause: "It is not there: somebody removed it meanwhile, or it belongs to another team.",
    next: "Check that the token belongs to the right team, then run the command again."
  },
  UnknownEndpoint: {
    cause: "What answers there is not a Coolify API, or a Coolify too old for this call.",
    next: `${looksLikeCoolify} Coolify 4.2 or newer is needed.`
  },
  Invalid: {
    cause: "Coolify does not accept these settings.",
    next: "Correct the named fields in the spec and run the command again."
  },
  Refused: {
    cause: "Coolify refused this in the present state of the resource.",
    next: "See what Coolify said above; run the command again when that has passed."
  },
  Conflict: {
    cause: "The name or the domain is taken in Coolify.",
    next: "Take the domain away from its present holder, or use another one in the spec."
  },
  QueueFull: {
    cause: "The server already has as many waiting deployments as Coolify takes.",
    next: "Wait until they are done, or cancel some in Coolify, and run the command again."
  },
  RateLimited: {
    cause: "Coolify takes 200 API calls a minute from one user, and they stayed used up.",
    next: "Run the command again when less is going on, or raise API_RATE_LIMIT on the Coolify server."
  },
  ServerError: {
    cause: "Coolify had an error of its own.",
    next: "Look at the log of the Coolify server (docker logs coolify), then run the command again."
  },
  Unreachable: {
    cause: "There is no connection to Coolify.",
    next: `Check that Coolify runs and can be reached from here. ${looksLikeCoolify}`
  },
  Interrupted: {
    cause: "The connection broke before Coolify had answered, or the answer took too long.",
    next: "Run the command again: it looks first at what has become of the request."
  },
  Redirected: {
    cause: "The address leads somewhere else, and the token is not sent there.",
    next: "If that is your Coolify under another address, set that one, with https://; if it is a login page, make an exception there for paths that begin with /api."
  },
  BadResponse: {
    cause: "The answer cannot be understood; a proxy or a login page may stand before Coolify.",
    next: looksLikeCoolify
  },
  Unrecorded: {
    cause: "What is not written down first is not sent, so that a crash cannot lose it.",
    next: "Make room on the disk, or the journal's folder writable, and run the command again."
  },
  BadConfig: {
    cause: "",
    next: "Set COOLIFY_ENDPOINT to the address of your Coolify and COOLIFY_TOKEN to an API token of it."
  }
}

export const journalAdvice: Table<JournalError["reason"]> = {
  Unreadable: {
    cause: "It says what an earlier run has left open, so nothing is sent before it is read.",
    next: "Check who owns it and its mode (ls -l)."
  },
  Unwritable: coolifyAdvice.Unrecorded,
  Damaged: {
    cause: "It says what an earlier run has left open, and was changed or comes from another version.",
    next: "`fabrik recover --scan` shows by the marks what stands; with the file removed, fabrik goes by those alone."
  },
  Unavailable: {
    cause: "What is not written down first is not sent, so that a crash cannot lose it.",
    next: "Check FABRIK_STATE_URL and FABRIK_STATE_KEY, and that the server runs; then run the command again."
  },
  Lost: {
    cause: "Its connection ended, and another run may be at work here: nothing more is sent.",
    next: "`fabrik recover` shows what is left, and settles it."
  },
  Older: {
    cause:
      "It says what an earlier run has left open, and only the version that wrote it knows how to undo that.",
    next: "Run `fabrik recover` with that version; or see with `fabrik recover --scan` what stands, and remove the file: fabrik then goes by the marks alone."
  }
}

export const dnsAdvice: Table<DnsErrorReason> = {
  ZoneNotFound: {
    cause: "No zone of this DNS account holds the domain.",
    next: "Create the zone at the provider, give the token access to it, or correct `domain` in the spec. Where a wildcard or another record leads to the server already, say `dns: none`."
  },
  AmbiguousZone: {
    cause: "The account has this zone more than once, and fabrik does not guess.",
    next: "Remove the zone that is not in use, or limit the token to one of them."
  },
  Conflict: {
    cause:
      "Another record stands there than the one expected; somebody else changed it, or it is not fabrik's.",
    next: "Look at the record at the provider; remove it or point the spec elsewhere, and run the command again."
  },
  Unauthorized: {
    cause: "The DNS provider does not know these credentials.",
    next: "Set the provider's variables to valid credentials; `fabrik --help` lists them."
  },
  Forbidden: {
    cause: "These credentials may not read or change the zone.",
    next: "Give them the right to read the zone and to edit its records."
  },
  RateLimited: {
    cause: "The DNS provider takes no more calls for now.",
    next: "Wait some minutes and run the command again."
  },
  Invalid: {
    cause: "The DNS provider does not accept the record.",
    next: "Correct `domain` or `dns` in the spec and run the command again."
  },
  Unavailable: {
    cause: "The DNS provider cannot be reached, or had an error of its own.",
    next: "Check its address and the network from here; an error of its own passes, so run the command again later."
  },
  OutcomeUnknown: {
    cause: "The connection broke while the record was being written.",
    next: "Run the command again: it looks first at what stands there."
  },
  BadResponse: {
    cause: "The DNS provider's answer cannot be understood.",
    next: "Check the provider's address; a proxy or a login page may stand before it."
  },
  Unrecorded: coolifyAdvice.Unrecorded,
  BadConfig: {
    cause: "",
    next: "Set the variables of your DNS provider, which `fabrik --help` lists. Where a wildcard or another record leads to the server already, say `dns: none` in the spec (or --skip-dns for this once): none are needed then."
  }
}

export const secretAdvice: Table<SecretError["reason"]> = {
  UnreadableFile: { cause: "", next: "Check the file's name and its permissions." },
  UnsafeFile: {
    cause: "Others on this machine could read the secrets in it.",
    next: "Make it yours alone: chmod 600 FILE."
  },
  BadFile: { cause: "", next: "Mend it there, then run the command again." },
  CannotPersist: {
    cause: "A generated secret is only used once it is safely kept.",
    next: "Make the .fabrik directory writable, or set the secret yourself."
  },
  EmptyValue: {
    cause: "An empty value is most likely a forgotten one.",
    next: "Set it, or remove it altogether: then the application's own value stays, or one is generated if the spec allows it."
  },
  NotAllowed: {
    cause: "Whoever writes a spec would otherwise get whatever the environment holds.",
    next: "Write the value into .env if this application is to have it, or take the name out of the spec."
  },
  SharedState: {
    cause: "The team's secrets are kept there.",
    next: "Check FABRIK_STATE_URL and FABRIK_STATE_KEY, and that the server runs."
  }
}

export const refusedAdvice: { readonly [R in RefusedError["reason"]]: string } = {
  Foreign: "It is not fabrik's, so fabrik does not touch it.",
  Held: "A domain leads to one application, and fabrik takes it from none.",
  Ambiguous: "More than one fits, and fabrik does not guess.",
  NotFound: "What is named does not exist.",
  Unrestorable: "What cannot be put back is not changed.",
  Unsendable: "A value that would not arrive as it is, is not sent.",
  NoValue: "What must be given is never made up.",
  Unreadable: "A value that is in use is never replaced by another one that nobody gave.",
  NotPublic: "Visitors could not reach it there.",
  Delegated: "Other name servers answer for that part of the zone.",
  Downtime: "A gap in service is only taken when it was agreed to.",
  Moved: "Only what was reviewed is carried out.",
  NotRunning: "Only a running container has a log.",
  Inexpressible: "A specification has no words for this, so fabrik could not keep it as it is.",
  TooOld: "What this Coolify cannot do is not tried on a live application.",
  NoRelease: "Only what was deployed from this folder is on record here.",
  Unsettled: "Its changes are still open, and two runs must not mix.",
  OfSpec: "What a specification says, or a file beside it, is changed there: the next run would put it back.",
  Withdrawn: "Of the processes of a spec, and with --atomic of several specs, all stand in the end, or none."
}

export const deploymentAdvice: Table<DeploymentFailedError["reason"]> = {
  Failed: {
    cause: "",
    next: "Mend what the log shows and run the command again; --verbose shows the whole log."
  },
  Cancelled: {
    cause: "Somebody cancelled it in Coolify.",
    next: "Run the command again when they agree."
  },
  QueueFull: coolifyAdvice.QueueFull,
  Lost: {
    cause: "Coolify no longer knows of it.",
    next: "Look at the application's deployments in Coolify, then run the command again."
  },
  Unsteady: {
    cause: "A new version counts as good once it has been up for `healthcheck.settle` without a break.",
    next: "Look at its log (`fabrik logs`) and at what else answers for the domain, then run the command again."
  },
  DatabaseDown: {
    cause: "Its image may not exist, or the server has no room for it.",
    next: "Look at its log in Coolify, mend what it shows (is the version right?), then run the command again."
  },
  CrashLoop: {
    cause: "The application stops soon after it has started.",
    next: "Mend what its log shows (a missing variable, a wrong port?) and run the command again."
  },
  StillRuns: {
    cause: "Coolify has taken the stop, and its container goes on.",
    next: "Look at it with `fabrik status`, and at the server in Coolify; then run the command again."
  },
  Overtaken: {
    cause: "Two runs on two machines do not know of each other.",
    next: "Apply the specification that is to hold, on one machine at a time."
  }
}

export const probeAdvice: Table<ProbeError["reason"]> = {
  NameNotFound: {
    cause: "The domain has no address yet for this machine's resolver.",
    next: "Check that a record stands there (fabrik makes none with --skip-dns and `dns: none`), and at the registrar that the zone is delegated to the provider's name servers."
  },
  ConnectionRefused: {
    cause: "Nothing listens for HTTPS there.",
    next: "Check in Coolify that the server's proxy runs, and that port 443 is open."
  },
  Unreachable: {
    cause: "The server cannot be reached from here.",
    next: "Check the address, and the firewall for port 443."
  },
  Timeout: {
    cause: "Nothing answers in time: the application, or the way to it.",
    next: "Look at its log, at `port` and `healthcheck.timeout` in the spec, and whether a firewall drops port 443."
  },
  Tls: {
    cause: "The server could not agree on a secure connection.",
    next: "Check in Coolify that the server's proxy runs; a first certificate takes a minute. At Cloudflare's proxy (`dns.proxied`) a name more than one label below its zone has none."
  },
  Broken: {
    cause: "The answer broke off or was no HTTP.",
    next: "Check that `port` in the spec is the port the application listens on."
  }
}

export const unhealthyAdvice: Table<UnhealthyError["reason"]> = {
  ...probeAdvice,
  Gateway: {
    cause: "The proxy answers in the application's place: nothing listens behind it yet.",
    next: "Check that `port` in the spec is the port the application listens on, on all addresses (0.0.0.0); an application that takes longer to start needs a longer `healthcheck.startPeriod` or more `retries`."
  },
  Status: {
    cause: "The application answers, but not as the spec expects.",
    next: "Compare `healthcheck.path` and `healthcheck.status` in the spec with what the application does; its log may tell more."
  },
  Redirect: {
    cause: "The application sends visitors elsewhere, and a health check follows no redirect.",
    next: "Write the path that answers under `healthcheck.path`, or the redirect's own status under `healthcheck.status`."
  },
  Release: {
    cause: "Another version than the deployed one answers.",
    next: "Check in Coolify that no other application holds the domain, and what `healthcheck.release` reads."
  },
  Certificate: {
    cause: "Visitors would be warned.",
    next: "Let's Encrypt needs port 80 open to the world and the domain pointing to this server; Coolify's proxy log tells more."
  }
}
