// Has V8 compile what every start calls when it loads a file, so that Node's compile cache holds it. Else a function is
// compiled when it is first called, in each process anew. V8 takes a function in parentheses for one that is called at
// once; in Node 22 only where it is written as `function`, which an arrow can be that has no use for an outer `this`.
import { spawnSync } from "node:child_process"
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import ts from "typescript"

/** Where the functions begin that the command calls, by the address of their file. */
const calledBy = async (command, args) => {
  const dir = await mkdtemp(join(tmpdir(), "fabrik-build-"))
  try {
    const run = spawnSync(process.execPath, [command, ...args], {
      cwd: dir,
      // Nobody's credentials: what is called does not depend on who builds.
      env: { NODE_V8_COVERAGE: join(dir, "coverage"), NODE_DISABLE_COMPILE_CACHE: "1", DATABASE_URL: "x" },
      encoding: "utf8"
    })
    if (run.status !== 0) throw new Error(`fabrik ${args.join(" ")}: ${run.stderr}`)
    const called = new Map()
    for (const file of await readdir(join(dir, "coverage"))) {
      const { result } = JSON.parse(await readFile(join(dir, "coverage", file), "utf8"))
      for (const { functions, url } of result) {
        const ranges = functions.map(({ ranges: [whole] }) => whole).filter(({ count }) => count > 0)
        called.set(url, new Set(ranges.map(({ startOffset }) => startOffset)))
      }
    }
    return called
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Whether a `function` in its place would mean something else by a word in it. */
const usesOuter = (node) =>
  node.kind === ts.SyntaxKind.ThisKeyword ||
  node.kind === ts.SyntaxKind.SuperKeyword ||
  ts.isMetaProperty(node) ||
  (ts.isIdentifier(node) && node.text === "arguments") ||
  (!ts.isFunctionExpression(node) &&
    !ts.isFunctionDeclaration(node) &&
    ts.forEachChild(node, usesOuter) === true)

/** The text with the functions that begin at `starts` in parentheses. */
const withParentheses = (text, starts) => {
  const edits = []
  const put = (from, to, words) => edits.push({ from, to, words })
  const visit = (node) => {
    const from = node.getStart()
    const isCalled = starts.has(from) && !ts.isParenthesizedExpression(node.parent)
    const isArrow = isCalled && ts.isArrowFunction(node) && node.modifiers === undefined && !usesOuter(node)
    if (isArrow) {
      const bare = text[from] !== "("
      const arrow = node.equalsGreaterThanToken
      put(from, from, bare ? "(function(" : "(function")
      put(arrow.getStart(), arrow.end, bare ? ")" : "")
      if (!ts.isBlock(node.body)) put(node.body.getStart(), node.body.getStart(), "{return ")
    } else if (isCalled && ts.isFunctionExpression(node)) put(from, from, "(")
    ts.forEachChild(node, visit)
    if (isArrow) put(node.end, node.end, ts.isBlock(node.body) ? ")" : "})")
    else if (isCalled && ts.isFunctionExpression(node)) put(node.end, node.end, ")")
  }
  const file = ts.createSourceFile("chunk.js", text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS)
  ts.forEachChild(file, visit)
  let out = ""
  let at = 0
  // In the order of the text; what was put at one place stays in the order in which it was.
  for (const { from, to, words } of edits.toSorted((a, b) => a.from - b.from)) {
    out += text.slice(at, from) + words
    at = to
  }
  return out + text.slice(at)
}

/** Rewrites those of the `files` of which the command calls something. */
export const compileAhead = async (command, args, files) => {
  const called = await calledBy(command, args)
  for (const file of files) {
    const starts = called.get(pathToFileURL(await realpath(file)).href)
    if (starts === undefined) continue
    const text = await readFile(file, "utf8")
    await writeFile(file, withParentheses(text, starts))
  }
}
