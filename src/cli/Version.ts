/** The build puts it there: of a source tree that is run as it is, it is not known. */
declare const FABRIK_COMMIT: string | undefined

/** That of package.json; a test keeps them equal. */
export const version = "0.1.0"

/** What it was built from; `-dirty` behind it: with changes on top. */
export const commit: string | undefined = typeof FABRIK_COMMIT === "string" ? FABRIK_COMMIT : undefined

/** `fabrik 0.1.0 (commit 0816a84f1c2d, Node 22.11.0)` */
export const versionLine = (node: string): string =>
  `fabrik ${version} (${commit === undefined ? "" : `commit ${commit}, `}Node ${node})`
