/** An accessory of Kamal: an image beside the application, which it reaches as SERVICE-NAME. */
import type { Cursor } from "./Cursor.ts"
import { draftOf } from "./Input.ts"
import { readProxy } from "./KamalProxy.ts"
import { type KamalFile, leaveHost, readOptions, readVariables, textOf, volumesOf } from "./KamalParts.ts"

export const readAccessory = (file: KamalFile, one: Cursor, project: string | undefined): void => {
  const { erb, job, service } = file
  const own = textOf(one.key("service"), erb)
  const name = own === undefined || own === service ? `${service}-${one.name}` : own
  const draft = draftOf(job, name, project)
  const accessory = one.for(draft)
  draft.set("domain", "none")
  draft.add("networkAliases", own ?? name, accessory)
  const image = accessory.key("image")
  draft.put("source", "image", textOf(image, erb), image)
  for (const key of ["host", "hosts", "role", "roles", "tag", "tags"])
    for (const host of accessory.key(key).items()) leaveHost(host)
  const command = accessory.key("cmd")
  if (command.exists) {
    draft.set("command", textOf(command, erb), command)
    draft.comment(
      "command",
      "It replaces the ENTRYPOINT of the image as well as its CMD: where the image has one, write it in front."
    )
  }
  const port = accessory.key("port")
  const published = textOf(port, erb)
  if (published !== undefined) {
    if (/^127\.|^localhost:/.test(published))
      port.leave(
        "Coolify publishes a port on all addresses of the server, and this one is meant for the server itself",
        "ports"
      )
    else draft.add("ports", published.includes(":") ? published : `${published}:${published}`, port)
    draft.set("port", Number(published.split(":").at(-1)), port)
  }
  readVariables(file, draft, accessory.key("env"))
  volumesOf(file, draft, accessory.key("volumes"))
  for (const folder of accessory.key("directories").items()) {
    const text = textOf(folder, erb)
    // A directory below that of the accessory on the server: a volume that only it has.
    if (text !== undefined) draft.add("volumes", text, folder)
  }
  for (const files of accessory.key("files").items()) {
    const [, target = ""] = (files.peek() ?? "").split(":")
    files.leave(
      `put the file beside the spec, and write \`files: { ${target.replace(/[^\x21-\x7e]/g, "?") || "PATH"}: ./NAME }\``,
      "files"
    )
  }
  readOptions(draft, accessory.key("options"), erb)
  accessory.key("network").needless("Coolify's applications are all in one network", "networkAliases")
  accessory
    .key("registry")
    .leave("log the server in by hand: Coolify's API takes no credentials of a registry", "source")
  const proxy = accessory.key("proxy")
  if (proxy.kind === "Pairs") readProxy(job, proxy, draft, erb, false)
  else if (proxy.peek() === "false") proxy.take()
  else proxy.leave("it names no host: write it under `domain`", "domain")
  accessory.key("labels").leave("Coolify labels what it manages itself")
}
