/** The areas of services of the contract in memory. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { CoolifyMethod } from "../../../src/coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import type { Step, World } from "./CoolifyWorld.ts"
import type { Service, Services } from "../../../src/coolify/endpoints/Services.ts"
import type { Variables } from "../../../src/coolify/endpoints/Variables.ts"
import * as Worlds from "./WorldServices.ts"
import { deleteVariable, listVariables, putVariables } from "./WorldVariables.ts"

type Call = <A>(method: CoolifyMethod, take: (world: World) => Step<A>) => Effect.Effect<A, CoolifyError>

/** @param sensitive whether the token may read secrets. */
export const shownService = (service: Service, sensitive: boolean): Service =>
  sensitive ? service : { ...service, compose: undefined }

export const serviceAreas = (
  call: Call,
  world: Effect.Effect<World>,
  sensitive: boolean
): { readonly services: Services; readonly serviceVariables: Variables } => ({
  services: {
    list: call("listServices", (so) =>
      Either.right([Worlds.listServices(so).map((one) => shownService(one, sensitive)), so])
    ),
    create: (service) => call("createService", (so) => Worlds.createService(so, service)),
    get: (uuid) =>
      call("getService", (so) =>
        Either.map(Worlds.getService(so, uuid), ([found, then]) => [shownService(found, sensitive), then])
      ),
    has: (uuid) => Effect.map(world, (so) => Either.isRight(Worlds.getService(so, uuid))),
    update: (uuid, patch) => call("updateService", (so) => Worlds.updateService(so, uuid, patch)),
    remove: (uuid) => call("deleteService", (so) => Worlds.deleteService(so, uuid)),
    start: (uuid) => call("startService", (so) => Worlds.startService(so, uuid)),
    stop: (uuid) => call("stopService", (so) => Worlds.stopService(so, uuid)),
    restart: (uuid) => call("restartService", (so) => Worlds.restartService(so, uuid)),
    logs: (uuid, container) => call("serviceLogs", (so) => Worlds.serviceLogs(so, uuid, container))
  },
  serviceVariables: {
    list: (uuid) =>
      call("listServiceVariables", (so) =>
        Either.map(Worlds.findService(so, "listServiceVariables", uuid), () => [
          listVariables(so, uuid).map((row) =>
            sensitive && !row.isShownOnce ? row : { ...row, value: undefined }
          ),
          so
        ])
      ),
    put: (uuid, variables) =>
      call("putServiceVariables", (so) => putVariables(so, "service", uuid, variables)),
    remove: (service, variable) =>
      call("deleteServiceVariable", (so) => deleteVariable(so, "service", service, variable))
  }
})
