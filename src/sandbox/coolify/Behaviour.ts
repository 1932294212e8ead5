/**
 * What a deployed application does in the sandbox, told by its variable `SANDBOX_APP`.
 */
export type Behaviour =
  /** Answers 200. `release` replaces the one from `FABRIK_RELEASE`. */
  | { readonly _tag: "Ok"; readonly release: string | undefined }
  /** Exits a second after each start, before it listens, and is restarted for ever. */
  | { readonly _tag: "Crash" }
  /** Is Ok for `seconds`, then exits and is restarted, over and over. */
  | { readonly _tag: "Flap"; readonly seconds: number }
  /** Answers 503 everywhere. */
  | { readonly _tag: "Unhealthy" }
  /** Never gets as far as a container. */
  | { readonly _tag: "FailBuild" }
  /** Refuses connections for `seconds` after the start of the container, then is Ok. */
  | { readonly _tag: "Slow"; readonly seconds: number }
  | { readonly _tag: "Status"; readonly code: number }

export const ok: Behaviour = { _tag: "Ok", release: undefined }

/** `undefined`: the text is none of the known ones, and the application behaves as `ok`. */
export const parse = (text: string): Behaviour | undefined => {
  switch (text) {
    case "":
    case "ok":
      return ok
    case "crash":
      return { _tag: "Crash" }
    case "unhealthy":
      return { _tag: "Unhealthy" }
    case "fail-build":
      return { _tag: "FailBuild" }
  }
  const [, word = "", argument = ""] = /^(slow|flap|status|release):(.+)$/.exec(text) ?? []
  if (word === "release") return { _tag: "Ok", release: argument }
  if ((word === "slow" || word === "flap") && /^\d{1,5}(\.\d{1,3})?$/.test(argument)) {
    return { _tag: word === "slow" ? "Slow" : "Flap", seconds: Number(argument) }
  }
  if (word === "status" && /^[2-5]\d\d$/.test(argument)) return { _tag: "Status", code: Number(argument) }
  return undefined
}

export const fromVariables = (env: Readonly<Record<string, string>>): Behaviour =>
  parse(env["SANDBOX_APP"] ?? "") ?? ok

/** What a careless application writes into its log: those of its variables that `SANDBOX_ECHO` names (`A,B`). */
export const echoed = (env: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  (env["SANDBOX_ECHO"] ?? "").split(",").flatMap((key) => {
    const value = env[key.trim()]
    return value === undefined ? [] : `${key.trim()}=${value}`.split("\n")
  })

/** Whether a probe inside the container gets a good answer, at once or (Slow) in the end. */
export const isHealthy = (behaviour: Behaviour): boolean =>
  behaviour._tag === "Ok" ||
  behaviour._tag === "Slow" ||
  behaviour._tag === "Flap" ||
  (behaviour._tag === "Status" && behaviour.code < 400)
