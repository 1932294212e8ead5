import * as Effect from "effect/Effect"
import { Screen } from "../../ui/Screen.ts"
import { AllCommands, define } from "../CommandInfo.ts"
import { completionsFor, shells } from "../Completions.ts"
import * as Flag from "../Flag.ts"

export const completions = define({
  name: "completions",
  about: [
    "The script completes commands, options, spec files, templates, and the names of applications that were deployed from the working folder. It asks nobody: no network, and no fabrik is started."
  ],
  config: { shell: Flag.oneOf("SHELL", shells, `one of ${shells.join(", ")}`) },
  examples: [
    { line: "fabrik completions fish > ~/.config/fish/completions/fabrik.fish", says: "once" },
    { line: "source <(fabrik completions bash)", says: "in ~/.bashrc" },
    { line: "source <(fabrik completions zsh)", says: "in ~/.zshrc, behind compinit" }
  ],
  handler: Effect.fn("command.completions")(function* ({ shell }) {
    const { out } = yield* Screen
    const commands = yield* yield* AllCommands
    const known = shells.find((one) => one === shell) ?? "bash"
    yield* out.write(completionsFor(known, commands))
  })
})
