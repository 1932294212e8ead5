import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { AuthoritativeDns } from "../dns/AuthoritativeDns.ts"
import type { DnsClient } from "../dns/DnsClient.ts"
import type { HealthProbe } from "../health/HealthProbe.ts"
import type { SecretStore } from "../secrets/SecretStore.ts"
import type { Spec } from "../spec/Spec.ts"
import type { RunFinished } from "./DeploymentEvent.ts"
import type { Plan } from "./Plan.ts"
import type { RunError } from "./RunError.ts"

export interface ApplyOptions {
  readonly command: "apply" | "plan"
  readonly mode: "live" | "sandbox" | "dry-run"
  /** No credentials: the world was assumed empty. */
  readonly offline: boolean
  readonly skipDns: boolean
  readonly skipDeploy: boolean
  /** Deploy even if nothing differs: the newest commit of a branch, the newest image of a moving tag. */
  readonly redeploy: boolean
  /** Asked once, and only when the plan has changes. */
  readonly confirm: (plan: Plan) => Effect.Effect<boolean>
  readonly timeout: Duration.Duration
}

/**
 * Takes a spec to a verified URL, or puts everything back. Emits its events to `Progress`, the last of them
 * `RunFinished`, which also comes when the run is interrupted.
 */
export declare const apply: (
  spec: Spec,
  options: ApplyOptions
) => Effect.Effect<
  typeof RunFinished.Type,
  RunError,
  CoolifyClient | DnsClient | AuthoritativeDns | SecretStore | HealthProbe
>
