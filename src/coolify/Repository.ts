const shorthand = /^[\w.-]+\/[\w.-]+$/

/**
 * One form for one repository, to compare by: `owner/repo` (what Coolify makes of a github.com URL) becomes the https
 * URL; a final `.git` or slash is dropped; scheme and host are lower case. Anything that is no URL stays as it is.
 */
export const normaliseRepository = (repository: string): string => {
  const text = repository.trim()
  const full = shorthand.test(text) ? `https://github.com/${text}` : text
  if (!/^https?:\/\//i.test(full) || !URL.canParse(full)) return text
  const url = new URL(full)
  // Without the look-behind every slash of a long row would be a start to try.
  return url.origin + url.pathname.replace(/(?<!\/)\/+$/, "").replace(/\.git$/, "")
}

/** The URL to create with, and to show what is stored as: `.git` stays but on github.com, as some hosts need it. */
export const repositoryUrl = (repository: string): string => {
  const normal = normaliseRepository(repository)
  return normal.startsWith("https://github.com/") ? normal : repository
}

/**
 * The form a PATCH needs: creating normalises a github.com URL to `owner/repo`, updating takes the text as it is and
 * would leave a URL that Coolify then prefixes with github.com again.
 */
export const storedRepository = (repository: string): string => {
  const normal = normaliseRepository(repository)
  const path = normal.replace(/^https:\/\/github\.com\//, "")
  return shorthand.test(path) ? path : repository
}
