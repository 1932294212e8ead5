/**
 * Private keys and GitHub Apps, which read private repositories. From SecurityController and GithubController at 4.3.11;
 * the keys as recorded. The key itself is not kept: nothing here would use it.
 */
import { createHash } from "node:crypto"
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { CoolifyState, Token } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import { invalid, refusal, refuse, reply, type Refusal } from "./Reply.ts"
import { get, remove, send, type Fields, type Route } from "./Route.ts"
import type { GithubApp, PrivateKey } from "./SourceState.ts"
import { timestamp } from "./Timestamp.ts"
import { check, isEmpty, text, thisIsRequired, type Rules } from "./Validation.ts"

const needed = { type: "string", required: true, words: thisIsRequired } as const

const appRules: Rules = {
  html_url: needed,
  app_id: { ...needed, type: "integer" },
  installation_id: { ...needed, type: "integer" },
  client_id: needed,
  client_secret: needed,
  webhook_secret: needed,
  private_key_uuid: needed
}

/** The name under which it is kept, made of the text of the key. */
const fingerprintOf = (key: string): string =>
  createHash("sha256").update(key.trim()).digest("base64").replace(/=+$/, "")

const keyIn = (body: Fields): Either.Either<string, Refusal> => {
  const errors = check(body, { private_key: needed })
  if (!isEmpty(errors)) return Either.left(invalid(errors))
  const sent = text(body["private_key"])
  const decoded = Buffer.from(sent, "base64").toString("utf8")
  const key = decoded.startsWith("-----BEGIN") ? decoded : sent
  return /^(?:-----BEGIN|<a test)/.test(key)
    ? Either.right(fingerprintOf(key))
    : Either.left(refuse(422, "Invalid private key."))
}

/** A key of the team, as an application is made with it. */
export const privateKey = (state: CoolifyState, token: Token, uuid: unknown) =>
  Either.fromNullable(
    state.private_keys.find((row) => row.uuid === uuid && row.team_id === token.team_id),
    () => refuse(404, "Private Key not found.")
  )

export const githubApp = (state: CoolifyState, token: Token, uuid: unknown) =>
  Either.fromNullable(
    state.github_apps.find((row) => row.uuid === uuid && row.team_id === token.team_id),
    () => refuse(404, "Github App not found.")
  )

const keyRow = (row: PrivateKey, sensitive: boolean) => ({
  id: row.id,
  uuid: row.uuid,
  description: row.description,
  name: row.name,
  fingerprint: row.fingerprint,
  is_git_related: false,
  ...(sensitive ? { private_key: "(the sandbox keeps no keys)" } : {}),
  public_key: "ssh-ed25519 (the sandbox keeps no keys)",
  team_id: row.team_id,
  created_at: timestamp(row.created_at),
  updated_at: timestamp(row.updated_at)
})

const appRow = (
  row: Pick<GithubApp, "id" | "uuid" | "name" | "team_id" | "created_at">,
  isPublic: boolean
) => ({
  id: row.id,
  uuid: row.uuid,
  name: row.name,
  administration: null,
  api_url: "https://api.github.com",
  app_id: isPublic ? null : 1,
  client_id: null,
  client_secret: null,
  contents: null,
  custom_port: 22,
  custom_user: "git",
  html_url: "https://github.com",
  installation_id: isPublic ? null : 1,
  is_public: isPublic,
  is_system_wide: false,
  metadata: null,
  organization: null,
  private_key_id: null,
  pull_requests: null,
  team_id: row.team_id,
  type: "github",
  webhook_secret: null,
  created_at: timestamp(row.created_at),
  updated_at: timestamp(row.created_at)
})

/** Coolify's own entry for all that is public. */
const publicGithub = {
  id: 0,
  uuid: "publicgithub000000000000",
  name: "Public GitHub",
  team_id: 0,
  created_at: 0
}

export const addKey = (
  state: CoolifyState,
  fresh: Fresh,
  row: Pick<PrivateKey, "name" | "description" | "fingerprint" | "team_id">
): readonly [PrivateKey, CoolifyState] => {
  const [id, next] = takeId(state)
  const key = { ...row, id, uuid: fresh.uuid(), created_at: fresh.now, updated_at: fresh.now }
  return [key, { ...next, private_keys: [...next.private_keys, key] }]
}

export const addGithubApp = (
  state: CoolifyState,
  fresh: Fresh,
  row: Pick<GithubApp, "name" | "team_id">
): readonly [GithubApp, CoolifyState] => {
  const [id, next] = takeId(state)
  const app = { ...row, id, uuid: fresh.uuid(), created_at: fresh.now }
  return [app, { ...next, github_apps: [...next.github_apps, app] }]
}

const named = (body: Fields, otherwise: string): string => text(body["name"]) || otherwise

export const sourceRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/security/keys", "read", ({ sensitive, token }) =>
    database.read((state) =>
      Either.right(
        reply(
          200,
          state.private_keys
            .filter(({ team_id }) => team_id === token.team_id)
            .map((row) => keyRow(row, sensitive))
        )
      )
    )
  ),
  get("/security/keys/:uuid", "read", ({ param, sensitive, token }) =>
    database.read((state) =>
      Either.map(privateKey(state, token, param("uuid")), (row) => reply(200, keyRow(row, sensitive)))
    )
  ),
  send("POST", "/security/keys", "write", ({ body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const fingerprint = yield* keyIn(body)
        if (state.private_keys.some((row) => row.fingerprint === fingerprint)) {
          return yield* Either.left(refuse(422, "Private key already exists."))
        }
        const [{ uuid }, next] = addKey(state, fresh, {
          name: named(body, "generated-key"),
          description: text(body["description"]) || null,
          fingerprint,
          team_id: token.team_id
        })
        return [reply(201, { uuid }), next] as const
      })
    )
  ),
  send("PATCH", "/security/keys/:uuid", "write", ({ body, param, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const fingerprint = yield* keyIn(body)
        const row = yield* privateKey(state, token, param("uuid"))
        const changed = {
          ...row,
          name: named(body, row.name),
          description: text(body["description"]) || row.description,
          fingerprint,
          updated_at: fresh.now
        }
        const private_keys = replaceRow(state.private_keys, changed)
        return [reply(201, { uuid: row.uuid }), { ...state, private_keys }] as const
      })
    )
  ),
  remove("/security/keys/:uuid", ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const row = yield* privateKey(state, token, param("uuid"))
        if (state.applications.some((one) => one.private_key_id === row.id)) {
          return yield* Either.left(
            refusal(422, {
              message: "Private Key is in use and cannot be deleted.",
              details:
                "This private key is currently being used by servers, applications, or Git integrations."
            })
          )
        }
        const private_keys = state.private_keys.filter(({ id }) => id !== row.id)
        return [reply(200, { message: "Private Key deleted." }), { ...state, private_keys }] as const
      })
    )
  ),
  get("/github-apps", "read", ({ token }) =>
    database.read((state) =>
      Either.right(
        reply(200, [
          appRow(publicGithub, true),
          ...state.github_apps
            .filter(({ team_id }) => team_id === token.team_id)
            .map((row) => appRow(row, false))
        ])
      )
    )
  ),
  get("/github-apps/:id/repositories", "read", ({ param, token }) =>
    database.read((state) =>
      state.github_apps.some(({ id, team_id }) => String(id) === param("id") && team_id === token.team_id)
        ? Either.right(reply(200, { repositories: [] }))
        : Either.left(refuse(404, "GitHub app not found"))
    )
  ),
  send("POST", "/github-apps", "write", ({ body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const errors = check(body, appRules)
        if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
        yield* privateKey(state, token, body["private_key_uuid"])
        const [app, next] = addGithubApp(state, fresh, {
          name: named(body, "github"),
          team_id: token.team_id
        })
        return [reply(201, appRow(app, false)), next] as const
      })
    )
  )
]
