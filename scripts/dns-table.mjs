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
  const name = title.replace(/^\[.*?\] /, "")
  if (!cases.includes(name)) cases.push(name)
  const row = rows.get(layer) ?? { kind, results: new Map() }
  row.results.set(name, status === "passed" ? "+" : status === "failed" ? "x" : "?")
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

/** By group of faults, which titles name: `[fault 3: answer lost after commit]`. */
const groups = new Map()
for (const { fullName, status } of tests) {
  const [, number, name] = /\[fault (\d+): ([^\]]*)\]/.exec(fullName) ?? []
  if (number === undefined) continue
  const group = groups.get(Number(number)) ?? { name, passed: 0, failed: 0, pending: 0 }
  group[status === "passed" || status === "failed" ? status : "pending"] += 1
  groups.set(Number(number), group)
}
if (groups.size > 0) {
  console.log(
    `\n${"faults".padEnd(44)} ${["passed", "failed", "not run"].map((each) => each.padStart(8)).join("")}`
  )
  for (const [number, { failed, name, passed, pending }] of [...groups].toSorted(([a], [b]) => a - b)) {
    const counts = [passed, failed, pending].map((each) => String(each).padStart(8)).join("")
    console.log(`${cut(`${String(number).padStart(2)} ${name}`, 44)} ${counts}`)
  }
}
