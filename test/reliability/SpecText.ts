/** Texts that are specs, nearly specs, or were specs before something happened to them. */
import { readFileSync } from "node:fs"
import type { Dice } from "./Dice.ts"

/** A value as it is written (`Raw`), or one with values inside. */
type Tree =
  | { readonly _tag: "Raw"; readonly text: string }
  | { readonly _tag: "Map"; readonly entries: ReadonlyArray<readonly [key: string, value: Tree]> }
  | { readonly _tag: "List"; readonly items: ReadonlyArray<Tree> }

const raw = (text: string): Tree => ({ _tag: "Raw", text })

/** Values that are wrong for most keys, in all ways that YAML has. */
const odd = [
  "",
  "~",
  "null",
  "[]",
  "{}",
  "[a, b]",
  "{ a: b }",
  "true",
  "no",
  "Yes",
  "off",
  "0x1F",
  "0o17",
  "010",
  "+5",
  "-0",
  "-1",
  "1e3",
  "1e999",
  ".inf",
  "-.inf",
  ".nan",
  "1_000",
  "12:30:45",
  "2001-01-01",
  "9007199254740993",
  '""',
  "''",
  '"\\0"',
  '"\\x1b[2J"',
  '"\\uD800"',
  '"a\\nb"',
  '"a\\rb"',
  '"\\q"',
  "'",
  '"',
  "&a x",
  "*a",
  "!!str x",
  "!!binary aGk=",
  "!!js/function x",
  "!local x",
  "<<",
  "{{ x }}",
  "${HOME}",
  "$(id)",
  "`id`",
  "@x",
  "%x",
  "[",
  "{",
  "]",
  "? x",
  "- x",
  ": x",
  "a: b: c",
  "# only a comment",
  "//evil.example",
  "/\\evil.example",
  "@169.254.169.254/",
  "/..//",
  "/a/%2e%2e/b",
  "/a%2Fb",
  "http://evil.example",
  "file:///etc/passwd",
  "ext::sh -c id",
  "--upload-pack=id",
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "①②⑦.①",
  "[::1]",
  "::ffff:127.0.0.1",
  "localhost",
  "a.example.com.",
  "a.example.com:8080",
  "https://github.com:99999/a/b",
  "ghcr.io:99999/a/b",
  "ＡＰＩ.example.com",
  "аpple.com",
  "a\u200B.example.com",
  "\u202Emoc.elpmaxe",
  "ß.de",
  "xn--a.com",
  "e\u0301\u0301.fr",
  "😀",
  "\uFEFFx",
  "x\u0000",
  "x\u0085",
  "x\u2028y",
  "../../etc/passwd",
  "__proto__",
  "constructor",
  "|\n      block\n      text",
  ">-\n      folded\n\n      text"
]

const words = ["a", "web", "test-api", "x1", "main", "release/2", "Söhne & Co"]
const long = (dice: Dice): string =>
  dice.pick(["a", "ü", "9", "-", "a.", "/", "%41", " x", "\\"]).repeat(dice.below(3000))

/** A text in one of the ways to write it. */
const written = (dice: Dice, text: string): Tree => {
  const way = dice.below(8)
  if (way === 0) return raw(JSON.stringify(text))
  if (way === 1) return raw(`'${text.replaceAll("'", "''")}'`)
  return raw(way === 2 ? `${text} # why` : text)
}

type Value = (dice: Dice) => Tree

const oneOf =
  (...texts: ReadonlyArray<string>): Value =>
  (dice) =>
    written(dice, dice.pick(texts))
const number =
  (min: number, max: number): Value =>
  (dice) =>
    raw(String(min + dice.below(max - min + 1)))
const flag: Value = (dice) => raw(dice.pick(["true", "false"]))

const map =
  (keys: Readonly<Record<string, Value>>, chance: number): Value =>
  (dice) => ({
    _tag: "Map",
    entries: dice.some(Object.entries(keys), chance).map(([key, value]) => [key, value(dice)])
  })

const variables = ["LOG_LEVEL", "A", "_x", "FEATURE_X", "constructor", "a1", "Z".repeat(60)]
const secrets = ["API_KEY", "DATABASE_URL", "SESSION_KEY"]

const env: Value = (dice) => ({
  _tag: "Map",
  entries: dice
    .some(variables, 0.4)
    .map((key) => [
      key,
      dice.chance(0.5) ? raw(dice.pick(["1", "true", "1.10", "0x1F", '""'])) : written(dice, dice.pick(words))
    ])
})

const secretList: Value = (dice) => ({ _tag: "List", items: dice.some(secrets, 0.6).map(raw) })

const image = oneOf(
  "nginx",
  "nginx:1.27",
  "ghcr.io/owner/app:v1",
  "localhost:5000/a/b",
  `redis@sha256:${"0a".repeat(32)}`
)
const repository = oneOf(
  "https://github.com/owner/app",
  "https://Git.Example.com:8443/a/b.git/",
  "https://bücher.example/a"
)

const source: Value = (dice) => {
  const kind = dice.below(6)
  const git = {
    branch: oneOf("main", "v4.x", "release/2"),
    commit: oneOf("HEAD", "a1".repeat(20)),
    baseDirectory: oneOf("/", "/app", "./app/"),
    buildPack: oneOf("nixpacks", "static", "railpack")
  }
  const more = map(git, 0.4)(dice)
  const entries = more._tag === "Map" ? more.entries : []
  const rows: ReadonlyArray<ReadonlyArray<readonly [string, Tree]>> = [
    [["image", image(dice)]],
    [["git", repository(dice)], ...entries],
    [
      ["git", repository(dice)],
      ["dockerfile", raw("docker/Dockerfile")]
    ],
    [["dockerfile", raw("|\n      FROM nginx:1.27\n      RUN echo $HOME\n")]],
    [
      ["type", raw("image")],
      [dice.pick(["image", "repo", "repository"]), raw("nginx")],
      ["ref", raw("'1.27'")]
    ],
    [
      ["type", raw(dice.pick(["git", "dockerfile"]))],
      [dice.pick(["repo", "repository", "git"]), repository(dice)]
    ]
  ]
  return { _tag: "Map", entries: rows[kind] ?? [] }
}

const healthcheck = map(
  {
    path: oneOf("/", "/health", "/a/b;c,d~%41", "/.well-known/x"),
    status: number(200, 599),
    timeout: number(1, 300),
    interval: number(1, 300),
    retries: number(1, 100),
    startPeriod: number(0, 3600),
    settle: number(0, 600),
    container: flag,
    release: (dice) =>
      dice.chance(0.5)
        ? map({ header: oneOf("X-Release") }, 1)(dice)
        : map({ json: oneOf("a.b", "release") }, 1)(dice)
  },
  0.4
)

const domain = oneOf("a.example.com", "API.Example.com.", "bücher.example", "例え.jp", "a-b.c.example")
const project = oneOf("web", "Shop & Söhne", "a.b/c")
const server = oneOf("vps1", "192.0.2.7", "Süd 1")

/** By key; the keys of the older form stand in the place of today's where the chances want it. */
const top: ReadonlyArray<readonly [keys: ReadonlyArray<string>, chance: number, value: Value]> = [
  [["name", "name", "name", "id"], 1, oneOf("a", "test-api", "x1", "0-9")],
  [["domain"], 1, domain],
  [["source"], 0.6, source],
  [["template"], 0.5, oneOf("python-api", "node-api", "static-site")],
  [["server"], 0.4, server],
  [["project"], 0.4, project],
  [["environment"], 0.4, oneOf("production", "staging-2")],
  [["port", "port", "expose"], 0.7, number(1, 65_535)],
  [["env"], 0.6, env],
  [
    ["secrets"],
    0.5,
    (dice) =>
      dice.chance(0.8)
        ? secretList(dice)
        : map({ required: secretList, generate: () => raw("[S1]") }, 0.8)(dice)
  ],
  [
    ["dns"],
    0.4,
    map(
      {
        provider: oneOf("cloudflare", "powerdns"),
        ttl: number(30, 86_400),
        proxied: () => raw("false"),
        target: oneOf("192.0.2.1", "'2001:DB8::1'", "VPS1.example.net")
      },
      0.5
    )
  ],
  [["healthcheck", "healthcheck", "health"], 0.6, healthcheck],
  [["kind"], 0.1, oneOf("service", "app")],
  [["coolify"], 0.1, map({ project, server }, 0.5)]
]

/** Keys that are known nowhere, or only elsewhere. */
const strange = [
  "__proto__",
  "constructor",
  "<<",
  "volumes",
  "image",
  "nmae",
  "1",
  "~",
  "true",
  "? a",
  "'quoted'",
  '"a\\u202Eb"',
  "a b",
  "KEY=hunter2",
  "😀",
  "&x name",
  "*x ",
  "!!str name",
  "k".repeat(1100),
  "[a]",
  "{a: b}"
]

/** The tree with some of its values, keys and places spoilt, each with the given chance. */
const spoil = (dice: Dice, tree: Tree, chance: number): Tree => {
  if (dice.chance(chance / 2)) return raw(dice.chance(0.1) ? long(dice) : dice.pick(odd))
  if (tree._tag === "Raw") return tree
  if (tree._tag === "List") {
    const items = tree.items.map((item) => spoil(dice, item, chance))
    return { _tag: "List", items: dice.chance(chance) ? [...items, raw(dice.pick(odd))] : items }
  }
  const entries = tree.entries.map(
    ([key, value]) =>
      [dice.chance(chance / 8) ? dice.pick(strange) : key, spoil(dice, value, chance)] as const
  )
  const first = entries[0]
  return {
    _tag: "Map",
    entries: [
      ...entries,
      ...(dice.chance(chance / 2) ? [[dice.pick(strange), raw(dice.pick(odd))] as const] : []),
      ...(dice.chance(chance / 4) && first !== undefined ? [first] : [])
    ]
  }
}

/** The tree with one of its values replaced, which is all that is wrong with it, if anything is. */
const spoilOne = (dice: Dice, tree: Tree): Tree => {
  if (tree._tag === "Raw") return raw(dice.chance(0.05) ? long(dice) : dice.pick(odd))
  if (tree._tag === "List") {
    const at = dice.below(tree.items.length)
    return {
      _tag: "List",
      items: tree.items.map((item, index) => (index === at ? spoilOne(dice, item) : item))
    }
  }
  const at = dice.below(tree.entries.length)
  return {
    _tag: "Map",
    entries: tree.entries.map(([key, value], index) => [key, index === at ? spoilOne(dice, value) : value])
  }
}

const flow = (tree: Tree): string => {
  if (tree._tag === "Raw") return tree.text.replaceAll(/\n\s*/g, " ").replace(/ #.*$/, "")
  if (tree._tag === "List") return `[${tree.items.map(flow).join(", ")}]`
  return `{ ${tree.entries.map(([key, value]) => `${key}: ${flow(value)}`).join(", ")} }`
}

const block = (dice: Dice, tree: Tree, indent: string): string => {
  if (tree._tag === "Raw") return ` ${tree.text}\n`
  if (tree._tag === "List" ? tree.items.length === 0 : tree.entries.length === 0)
    return dice.pick(["\n", " {}\n", " []\n"])
  if (indent !== "" && dice.chance(0.2)) return ` ${flow(tree)}\n`
  const start = indent === "" ? "" : "\n"
  if (tree._tag === "List")
    return start + tree.items.map((item) => `${indent}-${block(dice, item, `${indent}  `)}`).join("")
  return (
    start +
    tree.entries.map(([key, value]) => `${indent}${key}:${block(dice, value, `${indent}  `)}`).join("")
  )
}

/** A spec from the grammar: right, or wrong in a few places. */
const generated = (dice: Dice): string => {
  const chance = dice.pick([0, 0.03, 0.1, 0.4])
  const entries = top
    .filter(([, often]) => dice.chance(often))
    .map(([keys, , value]) => [dice.pick(keys), value(dice)] as const)
  const tree: Tree = { _tag: "Map", entries: dice.chance(0.3) ? dice.shuffle(entries) : entries }
  return block(dice, dice.chance(0.4) ? spoilOne(dice, tree) : spoil(dice, tree, chance), "")
}

const nested = (dice: Dice): string => {
  const depth = dice.pick([3, 30, 33, 200, 5000])
  const [open = "", close = ""] = dice.pick([
    ["[", "]"],
    ["{a: ", "}"],
    ["- ", ""],
    ["? ", ""]
  ])
  return `env: ${open.repeat(depth)}x${close.repeat(dice.chance(0.7) ? depth : depth - 1)}\n`
}

/** What can happen around a spec. */
const dressings: ReadonlyArray<(dice: Dice, text: string) => string> = [
  (_, text) => `\uFEFF${text}`,
  (_, text) => text.replaceAll("\n", "\r\n"),
  (_, text) => text.replaceAll("\n", "\r"),
  (_, text) => `---\n${text}`,
  (_, text) => `%YAML 1.2\n---\n${text}`,
  (_, text) => `${text}...\n`,
  (_, text) => `${text}---\n${text}`,
  (_, text) => text.replaceAll("  ", "\t"),
  (_, text) => `# a comment\n\n${text}\n\n# another`,
  (_, text) => text.trimEnd(),
  (_, text) => text.replaceAll("\n", "  \n"),
  (dice, text) => text + nested(dice),
  (dice, text) => `${text}env:\n  LONG: ${long(dice)}\n`,
  (_, text) => `base: &b\n  a: 1\n${text}env:\n  <<: *b\n`
]

const special = [
  ..."[]{},:?-&*!|>'\"%@`#\n\t \r~\\=<.0/",
  ": ",
  "- ",
  "\n  ",
  "\n",
  "---\n",
  "...\n",
  "<<",
  "__proto__",
  "\uFEFF",
  "\u0000",
  "\u0085",
  "\u202E",
  "\uD800",
  "ü",
  "😀"
]

/** What can happen to a text's characters, bytes and lines. */
const accidents: ReadonlyArray<(dice: Dice, text: string) => string> = [
  (dice, text) => {
    const at = dice.below(text.length + 1)
    return text.slice(0, at) + dice.pick(special) + text.slice(at)
  },
  (dice, text) => {
    const at = dice.below(text.length + 1)
    return text.slice(0, at) + text.slice(at + 1 + dice.below(6))
  },
  (dice, text) => {
    const at = dice.below(text.length + 1)
    return text.slice(0, at) + dice.pick(special) + text.slice(at + 1)
  },
  (dice, text) => {
    const bytes = Buffer.from(text)
    if (bytes.length === 0) return text
    const at = dice.below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8))
    return bytes.toString("utf8")
  },
  (dice, text) => {
    const [from, to] = [dice.below(text.length + 1), dice.below(40)]
    return text.slice(0, from + to) + text.slice(from)
  },
  (dice, text) => text.slice(0, dice.below(text.length + 1)),
  (dice, text) => text.slice(dice.below(text.length + 1)),
  (dice, text) => {
    const lines = text.split("\n")
    const [a, b] = [dice.below(lines.length), dice.below(lines.length)]
    return lines.map((line, index) => (index === a ? lines[b] : index === b ? lines[a] : line)).join("\n")
  },
  (dice, text) => {
    const lines = text.split("\n")
    const at = dice.below(lines.length)
    return lines
      .flatMap((line, index) =>
        index === at ? dice.pick([[], [line, line], [` ${line}`], [line.trimStart()], [`\t${line}`]]) : [line]
      )
      .join("\n")
  }
]

const fixtures = ["git-app", "invalid", "old-form", "settings", "static-image", "test-api"].map((name) =>
  readFileSync(new URL(`../../fixtures/${name}.yaml`, import.meta.url), "utf8")
)

export const specText = (dice: Dice): string => {
  let text = dice.chance(0.7) ? generated(dice) : dice.pick(fixtures)
  if (dice.chance(0.2)) text = dice.pick(dressings)(dice, text)
  if (dice.chance(0.45)) {
    for (let left = 1 + dice.below(dice.pick([1, 3, 12])); left > 0; left--)
      text = dice.pick(accidents)(dice, text)
  }
  return text
}
