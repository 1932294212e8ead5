import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CredentialsError } from "./CliError.ts"

/** Fails where the environment tells Node to believe any certificate. */
export const refuseUnverifiedTls: Effect.Effect<void, CredentialsError> = Config.option(
  Config.string("NODE_TLS_REJECT_UNAUTHORIZED")
).pipe(
  Effect.orElseSucceed(() => Option.none<string>()),
  Effect.flatMap((set) =>
    Option.contains(set, "0")
      ? new CredentialsError({
          detail: "NODE_TLS_REJECT_UNAUTHORIZED=0 is set, which would send tokens to anybody who answers",
          next: "Unset it. For a CA of your own, set NODE_EXTRA_CA_CERTS to its file."
        })
      : Effect.void
  )
)
