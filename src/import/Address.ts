/** Addresses of repositories. */

/** `git@host:path` and `ssh://git@host/path` as https, and without a name, a password or a token in front of the host. */
export const publicAddress = (url: string): string => {
  const scp = /^[\w.-]+@([\w.-]+):(?!\/)(.+)$/.exec(url)
  const [, host = "", path = ""] =
    scp ?? /^(?:git\+)?(?:ssh|git|https?):\/\/(?:[^@/]*@)?([^/:]+)(?::\d+)?\/(.+)$/.exec(url) ?? []
  return host === "" ? url : `https://${host}/${path.replace(/\.git\/?$|\/$/, "")}`
}
