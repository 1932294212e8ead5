/** What is known of every command before its file is loaded. */

export interface Outline {
  /** One phrase, lower case, no full stop. */
  readonly summary: string
  /** Other names that work as well. */
  readonly aliases?: ReadonlyArray<string>
}

/** In the order in which help lists them. */
export const outlines = {
  init: { summary: "write a first spec for what is in this folder" },
  new: { summary: "write a spec from a template" },
  validate: { summary: "check specs; needs no network and no credentials" },
  plan: { summary: "show what apply would change; nothing is sent" },
  apply: { summary: "take a spec to a verified URL, or put everything back" },
  doctor: { summary: "check credentials, rights, servers and DNS; changes nothing" },
  context: { summary: "name Coolifys, and choose the one that commands work with" },
  verify: { summary: "check that a domain or a spec's application answers" },
  status: { summary: "show what stands: application, DNS, certificate, health" },
  open: { summary: "open an application in the browser, or Coolify's page of it" },
  logs: { summary: "show what the application writes" },
  start: { summary: "start what is stopped, and see that it answers" },
  stop: { summary: "stop an application; nothing of it is deleted" },
  restart: { summary: "make the containers anew, of the release that runs" },
  cancel: { summary: "cancel the deployments of an application that are under way" },
  env: { summary: "list, set, unset, pull or push variables of an application" },
  secrets: { summary: "list where secrets come from, set or rotate them" },
  list: { summary: "list what fabrik manages on this Coolify", aliases: ["projects"] },
  runs: { summary: "list the runs made here, or tell what one of them did" },
  explain: { summary: "tell more of a failure, by the code that it shows" },
  rollback: { summary: "go back to an earlier release" },
  history: { summary: "list what was deployed of a spec, newest first" },
  diff: { summary: "compare two releases: what changed from one to the other" },
  recover: { summary: "settle what a run has left that came to no end" },
  unlock: { summary: "show who works on a spec, and take the lock of a dead run away" },
  adopt: { summary: "write a spec for a running application, and make it fabrik's" },
  import: { summary: "write specs from a file that another tool deploys by" },
  destroy: { summary: "delete what fabrik made for a spec, and nothing else" },
  worker: { summary: "carry out what `apply --remote` hands over, with other machines" },
  state: { summary: "give the state that a team shares another key" },
  templates: { summary: "list the templates a spec can name" },
  schema: { summary: "print the JSON Schema of a spec, for editors" },
  completions: { summary: "print what completes commands, options and names in a shell" },
  man: { summary: "print the manual page" },
  version: { summary: "tell the versions of fabrik, Node and Coolify" },
  sandbox: { summary: "serve a Coolify, DNS and proxy of fabrik's own on this machine" }
} as const satisfies Readonly<Record<string, Outline>>

export type CommandName = keyof typeof outlines
