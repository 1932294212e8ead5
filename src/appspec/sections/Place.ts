/** `server`, `project`, `environment`: where in Coolify the application lives. */
import { matching } from "../Form.ts"
import { environmentPattern, projectPattern, serverPattern } from "../Limits.ts"

export const Server = matching(
  {
    description: "Name, uuid or address of the Coolify server",
    absent: "the only one there is",
    examples: ["vps1"],
    pattern: serverPattern,
    numeral: true
  },
  { message: "`server` has at most 255 characters, without line breaks and tabs" }
)

export const Project = matching(
  {
    description: "Coolify project, by name or by the uuid of one that is there; made if missing",
    pattern: projectPattern,
    numeral: true
  },
  {
    message: "a project's name has 3 to 255 letters, digits, spaces and - _ . @ / & ( ) # , : +"
  }
)

export const Environment = matching(
  {
    description: "Coolify environment, by name or by the uuid of one that is there; made if missing",
    pattern: environmentPattern,
    numeral: true,
    noText: "variables stand under `env`"
  },
  {
    message: "`environment` must be 3 to 63 lower-case letters, digits, `.`, `_` and `-`",
    hint: "e.g. production"
  }
)
