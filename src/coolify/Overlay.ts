/** The world that a dry run writes into, over the client it reads from. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import type { CoolifyClient } from "./CoolifyClient.ts"
import type { Application, ListedApplication } from "./endpoints/Applications.ts"
import type { Environment } from "./endpoints/Environments.ts"
import { CoolifyError } from "./CoolifyError.ts"
import * as Worlds from "./CoolifyWorld.ts"
import type { Step, World } from "./CoolifyWorld.ts"
import type { PlannedWrite } from "./PlannedWrites.ts"
import * as Lists from "./WorldLists.ts"
import * as Variables from "./WorldVariables.ts"

type Service = Context.Tag.Service<CoolifyClient>

interface Overlay {
  /** What was made here, and copies of real applications that were changed here. */
  readonly world: World
  /** Real applications whose variables are copied into the world. */
  readonly copied: ReadonlySet<string>
  /** Uuids of real projects, applications and (cancelled) deployments, and `project/environment`. */
  readonly removed: ReadonlySet<string>
  readonly planned: ReadonlyArray<PlannedWrite>
}

export const gone = (method: string, what: string) =>
  new CoolifyError({ method, reason: "NotFound", status: 404, detail: `${what} not found.` })

/** Its id must not be one of a real environment's. */
const ownEnvironment = (environment: Environment): Environment => ({ ...environment, id: -environment.id })

/** A world laid over another client: what is not in it is asked there. */
export const makeOverlay = (below: Service) =>
  Effect.gen(function* () {
    const state = yield* Ref.make<Overlay>({
      world: { ...Worlds.emptyWorld, mark: "dryrun" },
      copied: new Set(),
      removed: new Set(),
      planned: []
    })

    const isRemoved = (key: string) => Effect.map(Ref.get(state), ({ removed }) => removed.has(key))
    const remove = (key: string) =>
      Ref.update(state, (so) => ({ ...so, removed: new Set([...so.removed, key]) }))
    const plan = (method: string, summary: string) =>
      Ref.update(state, (so) => ({ ...so, planned: [...so.planned, { method, summary }] }))

    /** Takes a step in the overlay; it counts as planned when it succeeds. */
    const write = <A>(method: string, summary: string, take: (world: World) => Step<A>) =>
      Ref.modify(state, (so): readonly [Either.Either<A, CoolifyError>, Overlay] =>
        Either.match(take(so.world), {
          onLeft: (error) => [Either.left(error), so],
          onRight: ([value, world]) => [
            Either.right(value),
            { ...so, world, planned: [...so.planned, { method, summary }] }
          ]
        })
      ).pipe(Effect.flatten)

    /** The application as it is in the overlay, if it is there. */
    const local = (uuid: string) =>
      Effect.map(Ref.get(state), ({ world }) => world.applications.find((one) => one.uuid === uuid))

    const getApplication = Effect.fnUntraced(function* (method: string, uuid: string) {
      if (yield* isRemoved(uuid)) return yield* gone(method, "Application")
      const found = yield* local(uuid)
      return found === undefined ? yield* below.applications.get(uuid) : Worlds.shownApplication(found)
    })

    /** Copies a real application into the overlay, where a write can change it. */
    const hold = Effect.fnUntraced(function* (method: string, uuid: string) {
      if ((yield* local(uuid)) !== undefined) return
      const real = yield* getApplication(method, uuid)
      const copy = { ...real, projectUuid: "", environmentName: "", serverUuid: "", gone: undefined }
      yield* Ref.update(state, (so) => ({
        ...so,
        world: { ...so.world, applications: [...so.world.applications, copy] }
      }))
    })

    /** Real applications are copies without a project; what was made here has one. */
    const isMadeHere = (uuid: string) =>
      Effect.map(local(uuid), (found) => found !== undefined && found.projectUuid !== "")

    const listVariables = Effect.fnUntraced(function* (method: string, uuid: string) {
      if (yield* isRemoved(uuid)) return yield* gone(method, "Application")
      const { copied, world } = yield* Ref.get(state)
      return copied.has(uuid) || (yield* isMadeHere(uuid))
        ? Variables.listVariables(world, uuid)
        : yield* below.variables.list(uuid)
    })

    const holdVariables = Effect.fnUntraced(function* (method: string, uuid: string) {
      yield* hold(method, uuid)
      const { copied } = yield* Ref.get(state)
      if (copied.has(uuid) || (yield* isMadeHere(uuid))) return
      const rows = yield* below.variables.list(uuid)
      yield* Ref.update(state, (so) => ({
        ...so,
        copied: new Set([...so.copied, uuid]),
        world: {
          ...so.world,
          variables: [...so.world.variables, ...rows.map((row) => ({ ...row, applicationUuid: uuid }))]
        }
      }))
    })

    const inventory = Effect.fnUntraced(function* (projectUuid: string, name: string) {
      const { world, removed } = yield* Ref.get(state)
      if (removed.has(projectUuid)) return yield* gone("inventory", "Project")
      if (removed.has(`${projectUuid}/${name}`)) return yield* gone("inventory", "Environment")
      if (Worlds.findEnvironment(world, projectUuid, name) !== undefined) {
        const [found] = yield* Worlds.inventory(world, projectUuid, name)
        return found
      }
      const real = yield* below.environments.inventory(projectUuid, name)
      const changed = (application: Application) =>
        world.applications.find((one) => one.uuid === application.uuid)
      const made = world.applications.filter(
        (one) =>
          one.projectUuid === projectUuid &&
          (one.environmentName === name || one.environmentName === real.environmentUuid)
      )
      const kept = real.applications.filter(({ uuid }) => !removed.has(uuid))
      return {
        ...real,
        applications: [
          ...kept.map((one) => {
            const copy = changed(one)
            return copy === undefined ? one : Worlds.shownApplication(copy)
          }),
          ...made.map(Worlds.shownApplication)
        ]
      }
    })

    const listEnvironments = Effect.fnUntraced(function* (projectUuid: string) {
      const { world, removed } = yield* Ref.get(state)
      if (removed.has(projectUuid)) return yield* gone("listEnvironments", "Project")
      const made = Lists.environmentsOf(world, projectUuid).map(ownEnvironment)
      if (world.projects.some((project) => project.uuid === projectUuid)) return made
      const real = yield* below.environments.list(projectUuid)
      return [...real.filter(({ name }) => !removed.has(`${projectUuid}/${name}`)), ...made]
    })

    const listApplications = Effect.gen(function* () {
      const { world, removed } = yield* Ref.get(state)
      const real = yield* below.applications.list
      const changed = real
        .filter(({ uuid }) => !removed.has(uuid))
        .map((listed) => {
          const copy = world.applications.find((one) => one.uuid === listed.uuid)
          return copy === undefined ? listed : { ...listed, ...Worlds.shownApplication(copy) }
        })
      const made = yield* Effect.forEach(
        world.applications.filter((one) => one.projectUuid !== ""),
        (one) =>
          Effect.map(listEnvironments(one.projectUuid), (environments): ListedApplication => ({
            ...Worlds.shownApplication(one),
            environmentId:
              environments.find(
                ({ uuid, name }) => name === one.environmentName || uuid === one.environmentName
              )?.id ?? 0,
            server: undefined,
            otherSettings: []
          }))
      )
      return [...changed, ...made]
    })

    const isCreatedProject = (uuid: string) =>
      Effect.map(Ref.get(state), ({ world }) => world.projects.some((project) => project.uuid === uuid))

    return {
      state,
      isRemoved,
      remove,
      plan,
      write,
      local,
      isMadeHere,
      isCreatedProject,
      getApplication,
      hold,
      listVariables,
      holdVariables,
      inventory,
      listEnvironments,
      listApplications
    }
  })
