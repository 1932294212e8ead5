/**
 * A digest has two spellings: fabrik's tag `sha256:<hex>`, and Coolify's name ending in `@sha256` with the bare hash as
 * tag (app/Services/DockerImageParser.php and create_application in ApplicationsController.php). Applications made in
 * Coolify's own screens carry the tag `sha256-<hex>`.
 */
export interface ImageReference {
  readonly name: string
  readonly tag: string
}

const digest = /^sha256:([0-9a-f]{64})$/
const storedDigest = /^(?:sha256-)?([0-9a-f]{64})$/
const marker = "@sha256"

/** To the two fields that Coolify stores. */
export const toStoredImage = (image: ImageReference): ImageReference => {
  const hash = digest.exec(image.tag)?.[1]
  return hash === undefined ? image : { name: image.name + marker, tag: hash }
}

/** From the two fields that Coolify stores. */
export const fromStoredImage = (stored: ImageReference): ImageReference => {
  const marked = stored.name.endsWith(marker)
  const hash = marked || stored.tag.startsWith("sha256-") ? storedDigest.exec(stored.tag)?.[1] : undefined
  return {
    name: marked ? stored.name.slice(0, -marker.length) : stored.name,
    tag: hash === undefined ? stored.tag : `sha256:${hash}`
  }
}
