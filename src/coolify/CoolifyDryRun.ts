/**
 * The contract without consequences: reads pass through to another client, writes go into an overlay that later reads
 * see, and into the list of what would be written.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "./CoolifyClient.ts"
import type { ApplicationSource } from "./endpoints/Applications.ts"
import type { Deployment } from "./endpoints/Deployments.ts"
import { CoolifyError } from "./CoolifyError.ts"
import * as CoolifyMemory from "./CoolifyMemory.ts"
import * as Worlds from "./CoolifyWorld.ts"
import { gone, makeOverlay } from "./Overlay.ts"
import { PlannedWrites } from "./PlannedWrites.ts"
import { refusedPatch } from "./Refusals.ts"
import * as Deployments from "./WorldDeployments.ts"
import * as Lists from "./WorldLists.ts"
import * as Variables from "./WorldVariables.ts"

type Service = Context.Tag.Service<CoolifyClient>

/** Above the number of any real project. */
const newest = Number.MAX_SAFE_INTEGER - 1_000_000

const describeSource = (source: ApplicationSource): string => {
  switch (source._tag) {
    case "Image":
      return `image ${source.name}:${source.tag}`
    case "Git":
      return `${source.repository}#${source.branch}`
    case "Dockerfile":
      return "an inline Dockerfile"
  }
}

const make = (below: Service) =>
  Effect.gen(function* () {
    const overlay = yield* makeOverlay(below)
    /** A real deployment, cancelled if it was cancelled here. */
    const seen = (deployment: Deployment) =>
      Effect.map(overlay.isRemoved(deployment.uuid), (cancelled): Deployment =>
        cancelled ? { ...deployment, status: "cancelled-by-user" } : deployment
      )

    const client: Service = {
      version: below.version,
      servers: {
        list: below.servers.list,
        domains: below.servers.domains
      },
      deployments: {
        mayStart: Effect.void,
        start: Effect.fnUntraced(function* (uuid, { force }) {
          yield* overlay.hold("deploy", uuid)
          const now = yield* Clock.currentTimeMillis
          const name = (yield* overlay.local(uuid))?.name ?? uuid
          const ticket = yield* overlay.write("deploy", `deploy ${name}`, (world) =>
            Deployments.deploy(world, uuid, force, {
              due: { _tag: "Polls", left: 0 },
              outcome: { status: "finished", logs: [] },
              now,
              queueLimit: Number.POSITIVE_INFINITY
            })
          )
          yield* Ref.update(overlay.state, (so) => ({ ...so, world: Deployments.settle(so.world, now) }))
          return ticket
        }),
        get: Effect.fnUntraced(function* (uuid) {
          const { world } = yield* Ref.get(overlay.state)
          return yield* Either.match(Deployments.getDeployment(world, uuid), {
            onLeft: () => Effect.flatMap(below.deployments.get(uuid), seen),
            onRight: ([found]) => Effect.succeed(found)
          })
        }),
        list: Effect.fnUntraced(function* (uuid, take) {
          if (yield* overlay.isRemoved(uuid)) return yield* gone("listDeployments", "Application")
          const { world } = yield* Ref.get(overlay.state)
          const made = Deployments.listDeployments(world, uuid, take)
          if ((yield* overlay.isMadeHere(uuid)) || made.length >= take) return made
          const real = yield* Effect.forEach(yield* below.deployments.list(uuid, take), seen)
          return [...made, ...real].slice(0, take)
        }),
        cancel: Effect.fnUntraced(function* (uuid) {
          const method = "cancelDeployment"
          const found = yield* client.deployments.get(uuid)
          if (Deployments.isTerminal(found)) {
            const detail = `Deployment cannot be cancelled. Current status: ${found.status}`
            return yield* new CoolifyError({ method, reason: "Refused", status: 400, detail })
          }
          yield* overlay.plan(method, `cancel deployment ${uuid}`)
          yield* overlay.remove(uuid)
        })
      },
      projects: {
        list: Effect.gen(function* () {
          const real = yield* below.projects.list
          const { world, removed } = yield* Ref.get(overlay.state)
          const made = Lists.projects(world).map((project) => ({ ...project, id: newest + project.id }))
          return [...real.filter(({ uuid }) => !removed.has(uuid)), ...made]
        }),
        create: (project) =>
          overlay.write("createProject", `create project ${project.name}`, (world) =>
            Worlds.createProject(world, project)
          ),
        remove: Effect.fnUntraced(function* (uuid) {
          const method = "deleteProject"
          if (yield* overlay.isCreatedProject(uuid)) {
            return yield* overlay.write(method, `delete project ${uuid}`, (world) =>
              Worlds.deleteProject(world, uuid)
            )
          }
          if (yield* overlay.isRemoved(uuid)) return yield* gone(method, "Project")
          yield* overlay.plan(method, `delete project ${uuid}`)
          yield* overlay.remove(uuid)
        })
      },
      environments: {
        create: Effect.fnUntraced(function* (projectUuid, name) {
          const method = "createEnvironment"
          const exists = yield* overlay.inventory(projectUuid, name).pipe(
            Effect.as(true),
            Effect.catchIf(
              ({ reason }) => reason === "NotFound",
              () => Effect.succeed(false)
            )
          )
          if (exists) {
            const detail = "Environment with this name already exists."
            return yield* new CoolifyError({ method, reason: "Conflict", status: 409, detail })
          }
          return yield* overlay.write(method, `create environment ${name}`, (world) =>
            Worlds.createEnvironment(world, projectUuid, name)
          )
        }),
        update: Effect.fnUntraced(function* (projectUuid, name, to) {
          const method = "updateEnvironment"
          const { world } = yield* Ref.get(overlay.state)
          if (Worlds.findEnvironment(world, projectUuid, name) === undefined) {
            yield* overlay.inventory(projectUuid, name)
            return yield* overlay.plan(method, `name environment ${name} ${to.name}`)
          }
          yield* overlay.write(method, `name environment ${name} ${to.name}`, (now) =>
            Worlds.updateEnvironment(now, projectUuid, name, to)
          )
        }),
        remove: Effect.fnUntraced(function* (projectUuid, name) {
          const method = "deleteEnvironment"
          const { applications } = yield* overlay.inventory(projectUuid, name)
          if (applications.length > 0) {
            const detail = "Environment has resources, so it cannot be deleted."
            return yield* new CoolifyError({ method, reason: "Refused", status: 400, detail })
          }
          const { world } = yield* Ref.get(overlay.state)
          if (Worlds.findEnvironment(world, projectUuid, name) !== undefined) {
            return yield* overlay.write(method, `delete environment ${name}`, (now) =>
              Worlds.deleteEnvironment(now, projectUuid, name)
            )
          }
          yield* overlay.plan(method, `delete environment ${name}`)
          yield* overlay.remove(`${projectUuid}/${name}`)
        }),
        inventory: overlay.inventory,
        list: overlay.listEnvironments
      },
      applications: {
        list: overlay.listApplications,
        create: Effect.fnUntraced(function* (application) {
          yield* overlay.inventory(application.projectUuid, application.environmentName)
          return yield* overlay.write(
            "createApplication",
            `create application ${application.name} from ${describeSource(application.source)}`,
            (world) => Worlds.insertApplication(world, application)
          )
        }),
        get: (uuid) => overlay.getApplication("getApplication", uuid),
        update: Effect.fnUntraced(function* (uuid, patch, current) {
          const method = "updateApplication"
          const refused = refusedPatch(patch, current)
          if (refused !== undefined) return yield* refused
          const fields = Object.keys(patch)
          if (fields.length === 0) return
          yield* overlay.hold(method, uuid)
          yield* overlay.write(method, `update application ${current.name}: ${fields.join(", ")}`, (world) =>
            Worlds.updateApplication(world, uuid, patch, current)
          )
        }),
        remove: Effect.fnUntraced(function* (uuid, { deleteVolumes }) {
          const method = "deleteApplication"
          const { name } = yield* overlay.getApplication(method, uuid)
          yield* overlay.plan(
            method,
            `delete application ${name}${deleteVolumes ? " with its volumes" : ", keeping its volumes"}`
          )
          yield* overlay.remove(uuid)
          yield* Ref.update(overlay.state, (so) => ({
            ...so,
            world: {
              ...so.world,
              applications: so.world.applications.filter((one) => one.uuid !== uuid)
            }
          }))
        }),
        stop: Effect.fnUntraced(function* (uuid) {
          const method = "stopApplication"
          const { name } = yield* overlay.getApplication(method, uuid)
          yield* overlay.hold(method, uuid)
          yield* overlay.write(method, `stop application ${name}`, (world) =>
            Worlds.stopApplication(world, uuid)
          )
        }),
        logs: Effect.fnUntraced(function* (uuid, lines, options) {
          const { status } = yield* overlay.getApplication("logs", uuid)
          if (!(yield* overlay.isMadeHere(uuid))) return yield* below.applications.logs(uuid, lines, options)
          if (status.startsWith("running")) return ""
          const detail = "Application is not running."
          return yield* new CoolifyError({ method: "logs", reason: "Refused", status: 400, detail })
        })
      },
      variables: {
        list: (uuid) => overlay.listVariables("listVariables", uuid),
        put: Effect.fnUntraced(function* (uuid, variables) {
          if (variables.length === 0) return
          yield* overlay.holdVariables("putVariables", uuid)
          const keys = variables.map(({ key }) => key).join(", ")
          yield* overlay.write("putVariables", `set variables ${keys}`, (world) =>
            Variables.putVariables(world, uuid, variables)
          )
        }),
        remove: Effect.fnUntraced(function* (application, variable) {
          const method = "deleteVariable"
          yield* overlay.holdVariables(method, application)
          const { world } = yield* Ref.get(overlay.state)
          const key = world.variables.find(({ uuid }) => uuid === variable)?.key ?? variable
          yield* overlay.write(method, `delete variable ${key}`, (now) =>
            Variables.deleteVariable(now, application, variable)
          )
        })
      }
    }

    return { client, list: Effect.map(Ref.get(overlay.state), ({ planned }) => planned) }
  })

/** Decorates the client it is given: `Layer.provide(layerDryRun, CoolifyHttp.layer(config))`. */
export const layerDryRun: Layer.Layer<CoolifyClient | PlannedWrites, never, CoolifyClient> =
  Layer.effectContext(
    Effect.gen(function* () {
      const { client, list } = yield* make(yield* CoolifyClient)
      return Context.make(CoolifyClient, client).pipe(Context.add(PlannedWrites, { list }))
    })
  )

/**
 * What a dry run reads without credentials: a Coolify with nothing on it but one usable server of the name asked for,
 * whose address is unknown (`ip` is empty).
 */
export const layerOffline = (options: { readonly serverName: string }): Layer.Layer<CoolifyClient> =>
  Layer.effect(
    CoolifyClient,
    CoolifyMemory.make({
      servers: [
        {
          uuid: "offlineserver",
          name: options.serverName,
          ip: "",
          reachable: true,
          usable: true
        }
      ]
    }).pipe(Effect.map(({ client }) => ({ ...client, version: Effect.succeed("unknown") })))
  )
