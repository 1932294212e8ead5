/** Files of an application: texts that Coolify writes to the server and mounts at paths of the container. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { FileStorage, OwnFile } from "../coolify/endpoints/Storages.ts"
import { isOwnFile } from "../coolify/endpoints/Derived.ts"
import { sizeOf } from "../coolify/FileContent.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import type { Change as PlanLine } from "../engine/Plan.ts"
import { SecretStore } from "../secrets/SecretStore.ts"
import { absentIfNotFound } from "./Find.ts"
import type { Given, Part, PlannedPart } from "./Part.ts"

const propsSchema = () =>
  Schema.Struct({
    /** The application's. */
    uuid: Schema.String,
    path: Schema.String,
    content: Schema.Redacted(Schema.String),
    /** Of one that takes another's place: the text that is back there once that one's removal is undone. */
    replaced: Schema.optionalWith(Schema.Redacted(Schema.String), { exact: true })
  })
type FileProps = ReturnType<typeof propsSchema>["Type"]

interface Live extends OwnFile {
  /** It is the one that this process has made, so that its text need not be looked at. */
  readonly isMade: boolean
}

const holdsText = (live: Pick<FileStorage, "content">, text: Redacted.Redacted<string>): boolean =>
  live.content !== undefined && Redacted.value(live.content) === Redacted.value(text)

/**
 * A file of an application. Coolify writes it to the server when it is made and never again, so another text is another
 * file: the old one is removed first, as one change, and the new one made, as a second.
 */
export const file: Kind<FileProps, Live, CoolifyError, CoolifyClient> = {
  name: "coolify/file",
  codec: codecOf(propsSchema),
  sealed: true,
  says: ({ address: { name } }) => ({
    what: `file ${name}`,
    next: `check the file ${name} of the application in Coolify (Persistent Storage)`
  }),
  find: ({ after, before }, known) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const subject = after ?? before
      if (subject === undefined) return []
      const stored = yield* absentIfNotFound(coolify.storages.list(subject.uuid))
      return (stored?.files ?? [])
        .filter(isOwnFile)
        .filter(
          (one) =>
            one.mountPath === subject.path &&
            (after?.replaced === undefined || !holdsText(one, after.replaced))
        )
        .map((one) => ({ ...one, isMade: known._tag === "Created" && known.id === one.uuid }))
    }),
  fields: () => ["content"],
  holds: (_, live, change, side) => {
    const text = change[side]?.content
    return (side === "after" && live.isMade) || (text !== undefined && holdsText(live, text))
  },
  edited: () => "it holds another text by now, or the token may not read it, and it is left as it is",
  create: ({ content, path, uuid }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      yield* coolify.storages.createFile(uuid, { mountPath: path, content })
    }),
  remove: (live, { after }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (after !== undefined) yield* absentIfNotFound(coolify.storages.removeFile(after.uuid, live))
      return "undone" as const
    }),
  late: () => "once"
}

interface Wanted {
  readonly path: string
  /** Of a file that was not read nobody can make a plan. */
  readonly content: Redacted.Redacted<string> | undefined
  /** The line break at its end does not arrive. */
  readonly losesBreak: boolean
}

type Text = Wanted & { readonly content: Redacted.Redacted<string> }

interface Difference {
  readonly path: string
  /** With its text. */
  readonly before: (OwnFile & { readonly content: Redacted.Redacted<string> }) | undefined
  readonly after: Text | undefined
}

/** The first digits of a keyed digest: what a release's comment has room for. */
const shortDigest = (content: Redacted.Redacted<string>) =>
  Effect.gen(function* () {
    const store = yield* SecretStore
    return (yield* store.digest(content)).slice(0, 8)
  })

/** The files that a spec names. Others stay, unless fabrik has added them. */
export const filesOf = (wanted: ReadonlyArray<Wanted>): Part => ({
  kind: file.name,
  names: wanted.map(({ path }) => path),
  // What they hold is told by the digests of the plan: here it would be an unkeyed one of what may be a secret.
  wanted: JSON.stringify(wanted.map(({ path }) => path)),
  plan: (application, given, stored) =>
    Effect.gen(function* () {
      const asks = application !== undefined && (wanted.length > 0 || given?.isEmpty !== true)
      const there = asks ? (yield* stored).files : []
      const texts = yield* Effect.forEach(wanted, textOf)
      const compared = yield* Effect.forEach(texts, (one) =>
        compare(
          one,
          there.find(({ mountPath }) => mountPath === one.path),
          given
        )
      )
      const others = there
        .filter(({ mountPath }) => wanted.every(({ path }) => path !== mountPath))
        .toSorted((a, b) => (a.mountPath < b.mountPath ? -1 : 1))
      const gone = others.filter(isOwnFile).filter(({ mountPath }) => given?.has(mountPath) === true)
      const removed = yield* Effect.forEach(gone, (live) =>
        Effect.map(restorable(live), (before): Difference => ({
          path: before.mountPath,
          before,
          after: undefined
        }))
      )
      const hidden = compared.filter(({ isUnseen }) => isUnseen).map(({ path }) => path)
      const staying = others.filter((one) => gone.every(({ uuid }) => uuid !== one.uuid))
      return planned(
        application,
        texts,
        [...removed, ...compared.flatMap(({ difference }) => difference ?? [])],
        {
          digests: new Map(compared.map(({ digest, path }) => [path, digest])),
          unseen: hidden,
          notes: [
            ...unseen(hidden),
            ...staying.map(
              (one) => `The application has ${describe(one)} that the spec does not name; it stays.`
            )
          ]
        }
      )
    })
})

const textOf = (one: Wanted): Effect.Effect<Text> =>
  one.content === undefined
    ? Effect.dieMessage(`what is to be at ${one.path} was not read`)
    : Effect.succeed({ ...one, content: one.content })

/** What is told of a file that the spec does not name. */
export const describe = ({ mountPath, serverPath, type }: FileStorage): string => {
  switch (type) {
    case "file":
      return `a file ${mountPath}`
    case "directory":
      return `the server's directory ${serverPath} at ${mountPath}`
    case "host-file":
      return `the server's file ${serverPath} at ${mountPath}`
  }
}

const compare = (after: Text, live: FileStorage | undefined, given: Given | undefined) =>
  Effect.gen(function* () {
    const { content, path } = after
    const own = yield* shortDigest(content)
    const noted = given?.digest(path)
    const result = { path, digest: own, isUnseen: false, difference: undefined }
    if (live === undefined) return { ...result, difference: { path, before: undefined, after } }
    if (!isOwnFile(live)) return yield* inTheWay(live)
    // A digest that another machine has made with its key is as good.
    if (holdsText(live, content)) return { ...result, digest: noted ?? own }
    if (live.content === undefined && noted === own) return { ...result, isUnseen: true }
    return { ...result, difference: { path, before: yield* restorable(live), after } }
  })

/** Deleting it at Coolify would delete what the server has there. */
const inTheWay = (live: FileStorage) =>
  new RefusedError({
    reason: "Foreign",
    detail: `the application already has ${describe(live)}, and Coolify deletes a directory of the server with all that it holds`,
    next: "name another path in the spec, or take it off in Coolify once what it holds is safe"
  })

const restorable = (live: OwnFile) =>
  live.content === undefined
    ? new RefusedError({
        reason: "Unrestorable",
        detail: `the token may not read what the file ${live.mountPath} holds now, so a failed update could not put it back`,
        next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
      })
    : Effect.succeed({ ...live, content: live.content })

const unseen = (paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.length === 0
    ? []
    : [
        `The token may not read what files hold (read:sensitive), so ${paths.join(", ")} could not be looked at: only the digest that fabrik left was compared, and a text changed by hand in Coolify would not show.`
      ]

const planned = (
  application: Application | undefined,
  wanted: ReadonlyArray<Text>,
  differences: ReadonlyArray<Difference>,
  told: Required<Pick<PlannedPart, "digests" | "unseen">> & Pick<PlannedPart, "notes">
): PlannedPart => {
  const cut = differences.flatMap(({ after, path }) => (after?.losesBreak === true ? [path] : []))
  return {
    kind: file.name,
    changes: differences.map(line),
    ...told,
    notes: [
      ...told.notes,
      ...(cut.length === 0
        ? []
        : [
            `Coolify drops the line break at the end of a file: the container gets ${cut.join(", ")} without ${cut.length === 1 ? "its" : "their"} last one, and otherwise byte for byte.`
          ])
    ],
    staysBehind: undefined,
    create: ({ uuid }) =>
      Effect.forEach(
        wanted,
        ({ content, path }) =>
          Effect.gen(function* () {
            const coolify = yield* CoolifyClient
            yield* coolify.storages.createFile(uuid, { mountPath: path, content })
            yield* announce({ system: "coolify", kind: "file", name: path, action: "created" })
          }),
        { discard: true }
      ),
    update: Effect.forEach(
      differences,
      (difference) => (application === undefined ? Effect.void : update(application.uuid, difference)),
      { discard: true }
    )
  }
}

/** Changes one file of an application that was there. Undo: the text that it had, byte for byte. */
const update = Effect.fn("updateFile")(function* (uuid: string, { after, before, path }: Difference) {
  const coolify = yield* CoolifyClient
  if (before !== undefined) {
    const props = { uuid, path, content: before.content }
    yield* changing(file, { name: path, before: props, after: undefined }, () =>
      coolify.storages.removeFile(uuid, before)
    )
  }
  if (after !== undefined) {
    const props = {
      uuid,
      path,
      content: after.content,
      ...(before === undefined ? {} : { replaced: before.content })
    }
    yield* changing(file, { name: path, before: undefined, after: props }, (known) =>
      Effect.tap(coolify.storages.createFile(uuid, { mountPath: path, content: after.content }), (made) =>
        Ref.set(known, { _tag: "Created", id: made.uuid })
      )
    )
  }
  const action = before === undefined ? "created" : after === undefined ? "deleted" : "updated"
  yield* announce({ system: "coolify", kind: "file", name: path, action })
})

/** What a file holds may be a secret, so that only its size is shown. */
const line = ({ after, before, path }: Difference): PlanLine => {
  const size = (one: { readonly content: Redacted.Redacted<string> } | undefined) =>
    one === undefined ? null : sizeOf(Redacted.value(one.content))
  const [old, next] = [size(before), size(after)]
  return {
    system: "coolify",
    kind: "file",
    name: path,
    action: before === undefined ? "create" : after === undefined ? "delete" : "update",
    fields: [
      {
        field: "content",
        before: old,
        after: next !== null && next === old ? `${next}, another text` : next,
        secret: false
      }
    ]
  }
}
