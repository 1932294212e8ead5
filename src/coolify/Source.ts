/** Where an application comes from: what a spec asks for, what Coolify tells, and what a journal notes, in one form. */
import * as Schema from "effect/Schema"

/** A ready image. `tag` is a tag or, for an image pinned by digest, `sha256:<64 hex>`. */
export const ImageSource = Schema.TaggedStruct("Image", { name: Schema.String, tag: Schema.String })

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
    /** A public git repository that Coolify builds. `baseDirectory` and `dockerfile` are absolute inside it. */
    Schema.TaggedStruct("Git", {
      repository: Schema.String,
      branch: Schema.String,
      /** A full commit id, or `HEAD` for the newest of the branch. */
      commit: Schema.String,
      buildPack,
      baseDirectory: Schema.String,
      dockerfile: Schema.String
    }),
    /** The text of a Dockerfile, built without a repository. */
    Schema.TaggedStruct("Dockerfile", { text })
  )

export type ObservedSource = Schema.Schema.Type<
  ReturnType<typeof makeSource<string, string, string | undefined, unknown>>
>
