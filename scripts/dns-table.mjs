/** Prints what came of the contract's cases for each layer, from a JSON report of vitest. */
import { readFileSync } from "node:fs"
import process from "node:process"

const [file = ""] = process.argv.slice(2)
const form = /^(.*) \((real|emulator|in memory)\) keeps the DnsClient contract$/
const tests = JSON.parse(readFileSync(file, "utf8")).testResults.flatMap((suite) => suite.assertionResults)

/** By layer, then by case. */
const rows = new Map()
const cases = []
for (const { ancestorTitles, status, title } of tests) {
  const [, layer, kind] = ancestorTitles.map((each) => form.exec(each)).find((found) => found !== null) ?? []
  if (layer === undefined) continue
  if (!cases.includes(title)) cases.push(title)
  const row = rows.get(layer) ?? { kind, results: new Map() }
  row.results.set(title, status === "passed" ? "+" : status === "failed" ? "x" : "?")
  rows.set(layer, row)
}
const letter = (index) => String.fromCharCode(97 + index)
const cut = (text, width) => (text.length > width ? `${text.slice(0, width - 3)}...` : text).padEnd(width)

if (rows.size > 0) {
  const widest = Math.max(...[...rows.keys()].map((layer) => layer.length))
  const width = Math.min(widest, 80 - 12 - 2 * cases.length)
  console.log(
    `\n${cut("the DNS contract", width)}  ${"over".padEnd(9)} ${cases.map((_, index) => letter(index)).join(" ")}`
  )
  for (const [layer, { kind, results }] of rows) {
    const marks = cases.map((title) => results.get(title) ?? "-")
    console.log(`${cut(layer, width)}  ${kind.padEnd(9)} ${marks.join(" ")}`)
  }
  console.log("\n+ passed  x failed  ? not run here  - there is no such thing\n")
  for (const [index, title] of cases.entries()) console.log(cut(`${letter(index)}  ${title}`, 80).trimEnd())
}
