/** Volumes of a service that becomes an application, and the files beside the compose file that it mounts. */
import { fixed } from "./ComposeText.ts"
import type { Common } from "./ComposeVariables.ts"
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import { besideOf } from "./Input.ts"

export const readVolumes = (common: Common, draft: Draft, service: Cursor): void => {
  for (const volume of service.key("volumes").items()) {
    const isLong = volume.kind === "Pairs"
    const text = isLong
      ? `${volume.key("source").text() ?? ""}:${volume.key("target").text() ?? ""}${volume.key("read_only").text() === "true" ? ":ro" : ""}`
      : (volume.text() ?? "")
    if (isLong) volume.key("type").text()
    const [source = "", target = "", options = ""] = (fixed(text, common.given) ?? text).split(":")
    if (target === "") {
      volume.needless("a volume without a name lasts as long as its container", "volumes")
    } else if (/^[.~]/.test(source)) {
      readBeside(common, draft, volume, source, target)
    } else {
      const holder = common.volumes.get(source)
      if (!source.startsWith("/") && holder !== undefined && holder !== draft.name) {
        volume.leave(
          `an application's volumes are its own, and ${holder} has this one: what both use is a directory of the server, e.g. /srv/${source}:${target} in both`,
          "volumes"
        )
        continue
      }
      common.volumes.set(source, draft.name)
      const kept = options.split(",").filter((one) => one === "ro")
      for (const option of options.split(",").filter((one) => !["ro", "rw", ""].includes(one)))
        draft.comment("volumes", `${source}: Coolify hands on no ${option}.`)
      draft.add("volumes", [source, target, ...kept].join(":"), volume)
    }
  }
}

/** A file beside the compose file is sent as a file; a folder cannot be. */
const readBeside = ({ job }: Common, draft: Draft, volume: Cursor, source: string, target: string): void => {
  const { copies, input } = job
  const name = source.replace(/^\.\//, "")
  const text = besideOf(job, source)
  if (text === undefined || name.startsWith("..") || name.startsWith("~")) {
    volume.leave(
      "Coolify gets no files of this machine: build it into the image, or name a file beside the spec under `files`",
      "files"
    )
    return
  }
  volume.take()
  if (input.self !== `./${input.base}`) copies.push({ file: name, text })
  draft.put("files", target, `./${name}`, volume)
}
