/** Where an application comes from: what a spec asks for, what Coolify tells, and what a journal notes, in one form. */
import * as Schema from "effect/Schema"

/** A ready image. `tag` is a tag or, for an image pinned by digest, `sha256:<64 hex>`. */
export const ImageSource = Schema.TaggedStruct("Image", { name: Schema.String, tag: Schema.String })

/** What Coolify gets at a private repository with. It is chosen when an application is made, and cannot be changed. */
export const RepositoryAccess = Schema.Struct({
  kind: Schema.Literal("deployKey", "githubApp"),
  /** Its name or uuid, as a spec has it. */
  name: Schema.optionalWith(Schema.String, { exact: true }),
  /** Coolify's own number, which applications tell; a token without `read:sensitive` sees none of a key. */
  id: Schema.optionalWith(Schema.Number, { exact: true }),
  uuid: Schema.optionalWith(Schema.String, { exact: true })
})
export type RepositoryAccess = typeof RepositoryAccess.Type

/**
 * @param buildPack the names that can be asked for; Coolify tells of others too.
 * @param text of a Dockerfile, which a token without `read:sensitive` does not get to see.
 */
export const makeSource = <Pack, NotedPack, Text, NotedText>(
  buildPack: Schema.Schema<Pack, NotedPack>,
  text: Schema.Schema<Text, NotedText>
) =>
  Schema.Union(
    ImageSource,
    /** A git repository that Coolify builds, a public one without `access`. `baseDirectory` and `dockerfile` are absolute inside it. */
    Schema.TaggedStruct("Git", {
      repository: Schema.String,
      branch: Schema.String,
      /** A full commit id, or `HEAD` for the newest of the branch. */
      commit: Schema.String,
      buildPack,
      baseDirectory: Schema.String,
      dockerfile: Schema.String,
      /** Path of a compose file in it, below `baseDirectory`: Coolify runs all of its containers. */
      compose: Schema.optionalWith(Schema.String, { exact: true }),
      access: Schema.optionalWith(RepositoryAccess, { exact: true })
    }),
    /** The text of a Dockerfile, built without a repository. */
    Schema.TaggedStruct("Dockerfile", { text }),
    /** The text of a compose file: Coolify runs all of its containers, as what it calls a service. */
    Schema.TaggedStruct("Compose", {
      text,
      /** The file beside a spec that holds it, as the spec names it. */
      from: Schema.optionalWith(Schema.String, { exact: true })
    })
  )

export type ObservedSource = Schema.Schema.Type<
  ReturnType<typeof makeSource<string, string, string | undefined, unknown>>
>

/** Coolify's name for what builds the containers of a compose file in a repository. */
export const composePack = "dockercompose" as const

/** Whether it is a compose file with its containers: one beside a spec, or one in a repository. */
export const isCompose = (source: { readonly _tag: string; readonly compose?: string }): boolean =>
  source._tag === "Compose" || (source._tag === "Git" && source.compose !== undefined)
