// Records two runs against the sandbox in a terminal of 80 columns, as docs/apply.svg and docs/rollback.svg.
// usage: node scripts/picture.mjs   (needs dist/, and `script` of util-linux)
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const dir = mkdtempSync(join(tmpdir(), "fabrik-picture-"))
const spec = (more) => `name: shop
domain: shop.example.com
source: { image: "nginx:1.27" }
port: 80
secrets: { API_KEY: generate }
healthcheck: { settle: 0, startPeriod: 0, interval: 1, retries: 2 }
${more}`
writeFileSync(join(dir, "shop.yaml"), spec("env: { GREETING: hello }\n"))
// The sandbox's own variable: this version never becomes healthy.
writeFileSync(join(dir, "broken.yaml"), spec("env: { GREETING: hello, SANDBOX_APP: 'status:500' }\n"))

// oxlint-disable-next-line no-control-regex
const written = /\u001b\[(\d*)([AJK])|\r?\n|\r|(?:\u001b\[\d+m|[^\u001b\r\n])+/g

/** What stands on the terminal at the end. What fabrik writes anew it writes in whole lines, from their beginning. */
const screenOf = (output) => {
  const lines = [""]
  let row = 0
  let isNew = false
  for (const [part, count, final] of output.matchAll(written)) {
    if (final === "A") row = Math.max(0, row - Number(count || 1))
    else if (final === "J") lines.splice(row, Infinity, "")
    else if (part.endsWith("\n")) {
      row += 1
      lines[row] ??= ""
      isNew = true
      continue
    } else if (part !== "\r" && final === undefined) {
      lines[row] = isNew ? part : lines[row] + part
      isNew = false
      continue
    }
    isNew = part === "\r" || final === "A" || isNew
  }
  return lines
}

const record = (args) => {
  const command = `stty cols 80 rows 50; ${process.execPath} ${join(root, "dist/fabrik.js")} ${args}`
  const env = { PATH: process.env.PATH, LANG: "C.UTF-8", TERM: "xterm-256color", FABRIK_LATE_EFFECTS: "1" }
  const { stdout } = spawnSync("script", ["-qec", command, "/dev/null"], { cwd: dir, env, encoding: "utf8" })
  const lines = screenOf(stdout).map((line) => line.replaceAll(`${dir}/`, ""))
  const end = lines.findIndex((line) => line.includes("The sandbox stops"))
  return [`\u001b[1m$ fabrik ${args}\u001b[22m`, ...(end === -1 ? lines : lines.slice(0, end))]
    .join("\n")
    .trimEnd()
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
const colours = { 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 36: "#79c0ff" }
const draw = (text) => {
  const lines = text.split("\n")
  const [wide, high] = [8.4, 19]
  const rows = lines.map((line, row) => {
    let style = {}
    const spans = `\u001b[0m${line}`.split("\u001b[").map((part) => {
      const [, digits, said = ""] = /^(\d+)m(.*)$/.exec(part) ?? []
      if (digits === undefined) return ""
      const code = Number(digits)
      if (code === 0) style = {}
      else if (code === 1) style = { ...style, "font-weight": "bold" }
      else if (code === 2) style = { ...style, opacity: "0.65" }
      else if (code === 22) style = { ...style, "font-weight": "normal", opacity: "1" }
      else style = { ...style, fill: colours[code] ?? "#e6edf3" }
      if (said === "") return ""
      const attributes = Object.entries(style).map(([name, value]) => ` ${name}="${value}"`)
      return `<tspan${attributes.join("")}>${escape(said)}</tspan>`
    })
    return `<text x="16" y="${30 + row * high}" xml:space="preserve">${spans.join("")}</text>`
  })
  const [width, height] = [Math.round(80 * wide) + 32, lines.length * high + 28]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">
${rows.join("\n")}
</g>
</svg>
`
}

try {
  writeFileSync(join(root, "docs/apply.svg"), draw(record("apply --sandbox --yes shop.yaml")))
  writeFileSync(join(root, "docs/rollback.svg"), draw(record("apply --sandbox --yes broken.yaml")))
} finally {
  rmSync(dir, { recursive: true, force: true })
}
