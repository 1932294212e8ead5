import * as os from "node:os"

/** Who runs this: by name, or by number where a container's user has no name. */
export const userName = (): string => {
  try {
    return os.userInfo().username
  } catch {
    return String(process.getuid?.() ?? "")
  }
}
