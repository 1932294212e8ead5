/** That of `engines` in package.json; a test keeps them equal. */
export const oldestNode = "20.12"

/** Why fabrik cannot run on this Node, in words for the operator; `undefined`: it can. */
export const nodeProblem = (version: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = oldestNode.split(".").map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
    ? undefined
    : `Node ${oldestNode} or newer is needed, this is ${version}.`
}
