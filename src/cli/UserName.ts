import * as os from "node:os"
import process from "node:process"

/** Who runs this: by name, or by number where a container's user has no name. */
export const userName = (): string => {
  try {
    return os.userInfo().username
  } catch {
    return String(process.getuid?.() ?? "")
  }
}
