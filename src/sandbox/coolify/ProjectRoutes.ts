/**
 * Projects and their environments. From ProjectController at 4.3.11.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { CoolifyState, DatabaseEngine, Environment, Project } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply, serverError } from "./Reply.ts"
import { get, remove, send, type Fields, type Route } from "./Route.ts"
import { check, checkKnown, isEmpty, text, thisIsRequired, type Rules } from "./Validation.ts"
import * as ServiceWire from "./ServiceWire.ts"
import * as StandaloneWire from "./StandaloneWire.ts"
import * as Wire from "./Wire.ts"

const rules = (nameRequired: boolean): Rules => ({
  name: {
    type: "string",
    required: nameRequired,
    min: 3,
    max: 255,
    pattern: /^[\p{L}\p{M}\p{N}\s\-_.@/&()#,:+]+$/u,
    words: {
      ...thisIsRequired,
      pattern:
        "The name may only contain letters (including Unicode), numbers, spaces, and these characters: - _ . / @ & ( ) # , : +",
      min: "The name must be at least 3 characters.",
      max: "The name may not be greater than 255 characters."
    }
  },
  description: {
    type: "string",
    nullable: true,
    max: 255,
    pattern: /^[\p{L}\p{M}\p{N}\s\-_.,!?()'"+=*@/&]+$/u,
    words: {
      pattern:
        "The description may only contain letters (including Unicode), numbers, spaces, and common punctuation: - _ . , ! ? ( ) ' \" + = * / @ &",
      max: "The description may not be greater than 255 characters."
    }
  }
})

const checked = (body: Fields, nameRequired: boolean) => {
  const errors = checkKnown(body, ["name", "description"], check(body, rules(nameRequired)))
  return isEmpty(errors) ? Either.void : Either.left(invalid(errors))
}

const addEnvironment = (
  state: CoolifyState,
  fresh: Fresh,
  project: number,
  name: string
): readonly [Environment, CoolifyState] => {
  const [id, next] = takeId(state)
  const row: Environment = {
    id,
    uuid: fresh.uuid(),
    project_id: project,
    name: name.toLowerCase().trim().replaceAll("/", "-"),
    description: null,
    created_at: fresh.now,
    updated_at: fresh.now
  }
  return [row, { ...next, environments: [...next.environments, row] }]
}

const isUsed = (state: CoolifyState, environments: ReadonlyArray<Environment>): boolean =>
  [...state.applications, ...state.databases, ...state.services].some((row) =>
    environments.some((one) => one.id === row.environment_id)
  )

/** Where an environment's answer has its databases; of the other engines it tells nothing. */
const inventories: ReadonlyArray<readonly [string, DatabaseEngine]> = [
  ["postgresqls", "postgresql"],
  ["redis", "redis"],
  ["mysqls", "mysql"],
  ["mariadbs", "mariadb"],
  ["mongodbs", "mongodb"]
]

const projectRoutesOnly = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/projects", "read", ({ token }) =>
    database.read((state) => Either.right(reply(200, Lookup.projects(state, token).map(Wire.projectItem))))
  ),
  get("/projects/:uuid", "read", ({ param, token }) =>
    database.read((state) =>
      Lookup.project(state, token, param("uuid")).pipe(
        Either.map((project) =>
          reply(200, {
            ...Wire.projectRow(project),
            environments: Lookup.environments(state, project).map(Wire.environmentRow)
          })
        )
      )
    )
  ),
  send("POST", "/projects", "write", ({ body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        yield* checked(body, true)
        const [id, next] = takeId(state)
        const project: Project = {
          id,
          uuid: fresh.uuid(),
          team_id: token.team_id,
          name: text(body["name"]),
          description: text(body["description"]) || null,
          created_at: fresh.now,
          updated_at: fresh.now
        }
        const added = { ...next, projects: [...next.projects, project] }
        const [, done] = addEnvironment(added, fresh, id, "production")
        return [reply(201, { uuid: project.uuid }), done] as const
      })
    )
  ),
  send("PATCH", "/projects/:uuid", "write", ({ param, body, token }) =>
    database.transact((state, { now }) =>
      Either.gen(function* () {
        yield* checked(body, false)
        const project = yield* Lookup.project(state, token, param("uuid"))
        const changed: Project = {
          ...project,
          name: text(body["name"]) || project.name,
          description: "description" in body ? text(body["description"]) || null : project.description,
          updated_at: now
        }
        const { uuid, name, description } = changed
        const projects = replaceRow(state.projects, changed)
        return [reply(201, { uuid, name, description }), { ...state, projects }] as const
      })
    )
  ),
  remove("/projects/:uuid", ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const project = yield* Lookup.project(state, token, param("uuid"))
        if (isUsed(state, Lookup.environments(state, project))) {
          return yield* Either.left(refuse(400, "Project has resources, so it cannot be deleted."))
        }
        const next = {
          ...state,
          projects: state.projects.filter((row) => row.id !== project.id),
          environments: state.environments.filter((row) => row.project_id !== project.id)
        }
        return [reply(200, { message: "Project deleted." }), next] as const
      })
    )
  )
]

const environmentRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/projects/:uuid/environments", "read", ({ param, token }) =>
    database.read((state) =>
      Lookup.project(state, token, param("uuid")).pipe(
        Either.map((project) => reply(200, Lookup.environments(state, project).map(Wire.environmentItem)))
      )
    )
  ),
  send("POST", "/projects/:uuid/environments", "write", ({ param, body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const rule: Rules = {
          name: { type: "string", required: true, min: 3, max: 255, words: thisIsRequired }
        }
        const errors = checkKnown(body, ["name"], check(body, rule))
        if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
        const project = yield* Lookup.project(state, token, param("uuid"))
        const siblings = Lookup.environments(state, project)
        const raw = text(body["name"])
        if (siblings.some((row) => row.name === raw)) {
          return yield* Either.left(refuse(409, "Environment with this name already exists."))
        }
        const [row, next] = addEnvironment(state, fresh, project.id, raw)
        // The test above uses the name as sent; the unique index sees it as stored.
        if (siblings.some((one) => one.name === row.name)) return yield* Either.left(serverError)
        return [reply(201, { uuid: row.uuid }), next] as const
      })
    )
  ),
  remove("/projects/:uuid/environments/:environment", ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const project = yield* Lookup.project(state, token, param("uuid"))
        const environment = yield* Lookup.environment(state, project, param("environment"))
        if (isUsed(state, [environment])) {
          return yield* Either.left(refuse(400, "Environment has resources, so it cannot be deleted."))
        }
        const environments = state.environments.filter((row) => row.id !== environment.id)
        return [reply(200, { message: "Environment deleted." }), { ...state, environments }] as const
      })
    )
  ),
  send("PATCH", "/projects/:uuid/environments/:environment", "write", ({ param, body, token }) =>
    database.transact((state, { now }) =>
      Either.gen(function* () {
        const known = ["name", "description"]
        const errors = checkKnown(body, known, check(body, rules(false)))
        if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
        const project = yield* Lookup.project(state, token, param("uuid"))
        const environment = yield* Lookup.environment(state, project, param("environment"))
        const name = (text(body["name"]) || environment.name).toLowerCase().trim().replaceAll("/", "-")
        const siblings = Lookup.environments(state, project)
        if (siblings.some((row) => row.id !== environment.id && row.name === name)) {
          return yield* Either.left(refuse(409, "Environment with this name already exists."))
        }
        const description =
          "description" in body ? text(body["description"]) || null : environment.description
        const changed: Environment = { ...environment, name, description, updated_at: now }
        const environments = replaceRow(state.environments, changed)
        const shown = { uuid: changed.uuid, name: changed.name, description: changed.description }
        return [reply(200, shown), { ...state, environments }] as const
      })
    )
  ),
  get("/projects/:uuid/:environment", "read", ({ param, token, sensitive }) =>
    database.read((state) =>
      Either.gen(function* () {
        const project = yield* Lookup.project(state, token, param("uuid"))
        const environment = yield* Lookup.environment(state, project, param("environment"))
        const applications = Lookup.applications(state, token)
          .filter((placed) => placed.environment.id === environment.id)
          .map((placed) => ({
            id: placed.application.id,
            ...Wire.application(placed, sensitive),
            // Hidden elsewhere, and not here (recorded).
            private_key_id: placed.application.private_key_id
          }))
        return reply(200, {
          ...Wire.environmentRow(environment),
          applications,
          services: Lookup.services(state, token)
            .filter(({ service }) => service.environment_id === environment.id)
            .map((placed) => ServiceWire.inventoried(placed, sensitive)),
          ...Object.fromEntries(
            inventories.map(([name, engine]) => [
              name,
              Lookup.databases(state, token)
                .filter(({ row }) => row.environment_id === environment.id && row.engine === engine)
                .map((placed) => ({
                  id: placed.row.id,
                  ...StandaloneWire.database(placed, sensitive, false)
                }))
            ])
          )
        })
      })
    )
  )
]

export const projectRoutes = (backend: Backend): ReadonlyArray<Route> => [
  ...projectRoutesOnly(backend),
  ...environmentRoutes(backend)
]
