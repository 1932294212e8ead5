/** Specs that somebody means ill with, or that YAML makes mean something else than they seem to: what must come of each. */
import type { Spec } from "../../src/appspec/Spec.ts"

export interface HostileSpec {
  readonly what: string
  readonly text: string
  /** What one of its problems says, when it must be refused. */
  readonly refused?: string
  /** What of the spec must be so, when it is accepted. */
  readonly accepted?: (spec: Spec) => unknown
  readonly equals?: unknown
}

const head = "name: a\ndomain: a.example.com\n"
const base = `${head}source: { image: nginx }\nport: 80\n`
const limit = 65_536

const refused = (what: string, text: string, word: string): HostileSpec => ({ what, text, refused: word })
const accepted = (
  what: string,
  text: string,
  accepted: (spec: Spec) => unknown,
  equals: unknown
): HostileSpec => ({
  what,
  text,
  accepted,
  equals
})
/** A unit over and over, up to the limit of a spec. */
const fill = (before: string, unit: string, after = ""): string =>
  before +
  unit.repeat(Math.floor((limit - Buffer.byteLength(before + after)) / Buffer.byteLength(unit))) +
  after

const domain = (name: string) => `name: a\ndomain: ${name}\nsource: { image: nginx }\nport: 80\n`
const path = (text: string) => `${base}healthcheck: { path: ${text} }\n`
const git = (url: string, more = "") => `${head}port: 80\nsource: { git: ${url}${more} }\n`
const image = (name: string) => `${head}port: 80\nsource: { image: ${name} }\n`
const env = (text: string) => `${base}env:\n  ${text}\n`

const laughs = [
  "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]",
  ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`)
].join("\n")

const bombs: ReadonlyArray<HostileSpec> = [
  refused("a billion laughs", `${base}${laughs}\n`, "anchors"),
  refused("an alias of itself", "a: &a [*a]\n", "aliases"),
  refused("a merge of itself", "a: &a\n  <<: *a\n", "anchors"),
  refused("as many keys as fit", fill(`${base}env:\n`, "  A: 1\n"), "duplicate key"),
  refused(
    "as many different keys as fit",
    base + Array.from({ length: 7000 }, (_, i) => `k${i}: 1\n`).join(""),
    "unknown key"
  ),
  refused(
    "200,000 keys",
    Array.from({ length: 200_000 }, (_, i) => `k${i}: 1\n`).join(""),
    "larger than 64 KiB"
  ),
  refused("nested lists", fill(`${base}env: `, "["), "levels deep"),
  refused("nested maps", fill(`${base}env: `, "{a: "), "levels deep"),
  refused(
    "nested explicit keys and a line back",
    `${base}x:\n  ${"? ".repeat(20_000)}\ny: 1\n`,
    "levels deep"
  ),
  refused("nested items and a line back", `${base}x:\n  ${"- ".repeat(20_000)}\ny: 1\n`, "levels deep"),
  refused(
    "a staircase down and back up",
    `${Array.from({ length: 200 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")}\nb: 1\n`,
    "levels deep"
  ),
  refused("a list of one name", fill(`${base}secrets: [`, "a,", "]"), "duplicate secret"),
  refused("bad escapes", fill(`${base}env: { A: "`, "\\q", '" }\n'), "unknown escape"),
  refused("reserved characters", fill(`${base}env: [`, "@,", "]\n"), "cannot start with this"),
  refused("backticks", fill(base, "- `\n"), "key"),
  refused("documents", fill(base, "---\n"), "one document"),
  refused("directives", fill("", "%A b\n", base), "directives"),
  refused(
    "a row of slashes",
    fill(`${head}port: 1\nsource: { git: 'https://github.com/`, "/", "x' }\n"),
    "a page of a repository"
  ),
  refused(
    "a domain of many letters",
    fill("name: a\nport: 1\nsource: { image: x }\ndomain: ", "例", "\n"),
    "longer than 253"
  ),
  refused(
    "a domain of many labels",
    fill("name: a\nport: 1\nsource: { image: x }\ndomain: ", "a.", "b\n"),
    "longer than 253"
  ),
  refused("digits", fill(`${head}source: { image: x }\nport: `, "1", "\n"), "whole number"),
  refused("an exponent", fill(`${head}source: { image: x }\nport: 1e`, "9", "\n"), "whole number"),
  refused(
    "dots in a release path",
    fill(`${base}healthcheck: { release: { json: '`, "a.", "' } }\n"),
    "JSON object"
  ),
  accepted(
    "blank lines in a quoted text",
    fill(`${base}env:\n  A: "b`, "\n", '   c"\n'),
    (spec) => /^b\n+c$/.test(spec.env["A"] ?? ""),
    true
  ),
  accepted("comments", fill(base, "# x\n"), (spec) => spec.name, "a"),
  accepted(
    "a long value",
    fill(`${base}env:\n  A: `, "x", "\n"),
    (spec) => (spec.env["A"] ?? "").length > 65_000,
    true
  ),
  refused("20 MB", "x".repeat(20_000_000), "larger than 64 KiB")
]

const prototypes: ReadonlyArray<HostileSpec> = [
  ...["__proto__", "constructor", "prototype"].flatMap((key) =>
    [
      ["the top", `${key}: { polluted: 1 }\n`],
      ["dns", `dns: { ${key}: { polluted: 1 } }\n`],
      ["healthcheck", `healthcheck: { ${key}: { polluted: 1 } }\n`],
      ["a release", `healthcheck: { release: { ${key}: { polluted: 1 } } }\n`]
    ].map(([where, text]) => refused(`${key} in ${where}`, base + text, "unknown key"))
  ),
  refused(
    "__proto__ in source",
    `${head}port: 80\nsource: { image: x, __proto__: { image: y } }\n`,
    "unknown key"
  ),
  refused("__proto__ as a variable", env("__proto__: x"), "reserved"),
  refused("__proto__ as a secret", `${base}secrets: [__proto__]\n`, "reserved"),
  refused("__proto__ as a template", `${head}template: __proto__\n`, "unknown template"),
  refused("constructor as a template", `${head}template: constructor\n`, "unknown template"),
  refused(
    "__proto__ in a release path",
    `${base}healthcheck: { release: { json: a.__proto__.b } }\n`,
    "JSON object"
  ),
  refused("__proto__ by escape", `${base}"__\\x70roto__": { polluted: 1 }\n`, "unknown key"),
  accepted("constructor as a variable", env("constructor: x"), (spec) => Object.entries(spec.env), [
    ["constructor", "x"]
  ])
]

const yaml: ReadonlyArray<HostileSpec> = [
  refused("a merge key", `${base}env:\n  <<: { A: 1 }\n`, "merge keys"),
  refused("a function", env("A: !!js/function 'function () { return 1 }'"), "tags"),
  refused("a regular expression", env("A: !!js/regexp /x/"), "tags"),
  refused("a Python object", env("A: !!python/object/apply:os.system [id]"), "tags"),
  refused("a Ruby object", env("A: !ruby/object:Gem::Requirement {}"), "tags"),
  refused("binary", env("A: !!binary aGVsbG8="), "tags"),
  refused("a set", `${base}secrets: !!set { A, B }\n`, "tags"),
  refused("a verbatim tag", env("A: !<tag:yaml.org,2002:str> x"), "tags"),
  refused("an anchor on a key", `${base}&x env: { A: 1 }\n`, "anchors"),
  refused("a second document", `${base}---\n${base}`, "one document"),
  refused("a second document after an end", `${base}...\n${base}`, "one document"),
  refused("a YAML version", `%YAML 1.1\n---\n${base}`, "directives"),
  refused("a tag directive", `%TAG ! tag:evil.example,2000:\n---\n${base}`, "directives"),
  accepted("one document with its marks", `---\n${base}...\n`, (spec) => spec.name, "a"),
  accepted("a byte order mark", `\uFEFF${base}`, (spec) => spec.name, "a"),
  accepted("CRLF", base.replaceAll("\n", "\r\n"), (spec) => [spec.name, spec.domains[0]], [
    "a",
    "a.example.com"
  ]),
  refused("CR alone", base.replaceAll("\n", "\r"), "carriage return"),
  refused("a tab to indent", `${base}env:\n\tA: 1\n`, "tab"),
  refused("NUL", `${base}env: { A: a\u0000b }\n`, "control characters"),
  refused("NUL by escape", env('A: "a\\0b"'), "control characters"),
  refused("a terminal escape", env("A: \u001B]52;c;aGk=\u0007"), "control characters"),
  refused("a terminal escape by escape", env('A: "\\e[2J"'), "control characters"),
  refused("half a surrogate pair", env('A: "\\uD800"'), "control characters"),
  refused("a duplicate key", `${base}port: 81\n`, "duplicate key"),
  refused("a duplicate key in quotes", `${base}"port": 81\n`, "duplicate key"),
  refused("a duplicate key by escape", `${base}"\\x70ort": 81\n`, "duplicate key"),
  refused("a duplicate key by alias", `${base}expose: 81\n`, "say the same"),
  refused("a duplicate variable", env("A: 1\n  A: 2"), "duplicate key"),
  refused("a look-alike key (Cyrillic a)", `${base.replace("name", "nаme")}`, "unknown key"),
  refused("a key with a zero-width space", `${base}"po\u200Brt": 81\n`, "unknown key"),
  refused("a list for the whole", "- name: a\n", "a map of keys"),
  refused("a text for the whole", "name\n", "a map of keys"),
  refused("nothing", "", "empty"),
  refused("a comment only", "# name: a\n", "empty"),
  refused("a Jinja hole", `${base.replace("a.example.com", "{{ domain }}")}`, "a key must be text"),
  refused("a number as a key", `${base}1: x\n`, "a key must be text"),
  refused("a list as a key", `${base}? [a]\n: x\n`, "a key must be text")
]

const scalars: ReadonlyArray<HostileSpec> = [
  accepted("Norway", env("COUNTRY: NO"), (spec) => spec.env["COUNTRY"], "NO"),
  accepted("no and off", env("A: no\n  B: off\n  C: y"), (spec) => Object.values(spec.env), [
    "no",
    "off",
    "y"
  ]),
  accepted("octal", env("MODE: 0755"), (spec) => spec.env["MODE"], "0755"),
  accepted("sexagesimal", env("AT: 12:30:45"), (spec) => spec.env["AT"], "12:30:45"),
  accepted("a version", env("V: 1.10"), (spec) => spec.env["V"], "1.10"),
  accepted("a date", env("D: 2001-01-01"), (spec) => spec.env["D"], "2001-01-01"),
  accepted("beyond 2^53", env("ID: 9007199254740993"), (spec) => spec.env["ID"], "9007199254740993"),
  accepted("not a number", env("N: .nan\n  I: .inf"), (spec) => Object.values(spec.env), [".nan", ".inf"]),
  accepted(
    "a number in quotes for a port",
    `${head}source: { image: x }\nport: '8080'\n`,
    (spec) => spec.port,
    8080
  ),
  accepted("a numeric name", base.replace("name: a", "name: 0x1f"), (spec) => spec.name, "0x1f"),
  refused("a port that is no number", `${head}source: { image: x }\nport: .nan\n`, "whole number"),
  refused("an infinite port", `${head}source: { image: x }\nport: .inf\n`, "whole number"),
  refused("a port of 1e999", `${head}source: { image: x }\nport: 1e999\n`, "whole number"),
  refused("a negative timeout", `${base}healthcheck: { timeout: -1 }\n`, "whole number"),
  refused("an endless timeout", `${base}healthcheck: { timeout: .inf }\n`, "whole number"),
  refused("half a second", `${base}healthcheck: { timeout: 0.5 }\n`, "whole number"),
  refused("a timeout with its unit", `${base}healthcheck: { timeout: 30s }\n`, "whole number"),
  refused("retries without end", `${base}healthcheck: { retries: 9007199254740993 }\n`, "whole number"),
  refused("Norway as a flag", `${base}dns: { proxied: no }\n`, "true or false"),
  refused("a null name", base.replace("name: a", "name: ~"), "has no value")
]

const domains: ReadonlyArray<HostileSpec> = [
  ...[
    "127.0.0.1",
    "'2130706433'",
    "'0x7f.1'",
    "'0x7f000001'",
    "'0177.0.0.1'",
    "127.1",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "'[::1]'",
    "'::1'",
    "'[::ffff:127.0.0.1]'",
    "'::ffff:169.254.169.254'",
    "'0'",
    "169.254.169.254"
  ].map((name) => refused(`the address ${name}`, domain(name), "not an IP address")),
  refused("localhost", domain("localhost"), "at least two parts"),
  refused("an address as a top-level domain", domain("a.example.1"), "not an IP address"),
  refused("a user before the host", domain("good.example.com@evil.example"), "no user"),
  refused("a scheme", domain("https://a.example.com"), "no scheme"),
  accepted("a path", domain("a.example.com/x"), ({ domains }) => domains, ["a.example.com/x"]),
  refused("a path that leads up", domain("a.example.com/../x"), ""),
  refused("a backslash", domain("'a.example.com\\evil.example'"), "no path"),
  refused("a port", domain("a.example.com:8080"), "no port"),
  refused("a wildcard", domain("'*.example.com'"), "wildcard"),
  refused("a line break", domain('"a.example.com\\nevil"'), "no spaces"),
  refused("a Traefik rule", domain("'a.example.com`) || Host(`b.example.com'"), "no spaces"),
  refused("a list by comma", domain("'a.example.com,b.example.com'"), "cannot contain"),
  refused("an encoded dot", domain("a%2eexample.com"), "cannot contain"),
  refused("a zero-width space", domain("a\u200B.example.com"), "cannot contain"),
  refused("a soft hyphen", domain("a\u00AD.example.com"), "cannot contain"),
  refused("a reordering", domain("'\u202Emoc.elpmaxe.a'"), "cannot contain"),
  accepted(
    "a look-alike of a slash shows as punycode",
    domain("a.example.com⁄evil.example"),
    (spec) => spec.domains[0],
    "a.example.xn--comevil-3d7c.example"
  ),
  refused("a full-width slash", domain("a.example.com／evil.example"), "not a valid host name"),
  refused("bad punycode", domain("xn--a.com"), "not a valid host name"),
  refused("an empty label", domain("a..example.com"), "two dots"),
  refused("an underscore", domain("_dmarc.example.com"), "underscore"),
  accepted(
    "full-width letters are plain ones",
    domain("ＡＰＩ.example.com"),
    (spec) => spec.domains[0],
    "api.example.com"
  ),
  accepted(
    "another script shows as punycode",
    domain("аpple.com"),
    (spec) => spec.domains[0],
    "xn--pple-43d.com"
  ),
  accepted(
    "ideographic dots are dots",
    domain("a。example。com"),
    (spec) => spec.domains[0],
    "a.example.com"
  ),
  accepted("a final dot goes", domain("A.Example.com."), (spec) => spec.domains[0], "a.example.com")
]

const paths: ReadonlyArray<HostileSpec> = [
  refused("two slashes", path("//evil.example/x"), "cannot contain `//`"),
  refused("slash and backslash", path("'/\\evil.example'"), "cannot contain"),
  refused("an address after @", path("'@169.254.169.254/'"), "a path, not an address"),
  refused("a whole URL", path("'http://169.254.169.254/latest'"), "a path, not an address"),
  refused("a port", path("':9000/x'"), "a path, not an address"),
  refused("dot steps before two slashes", path("/..//evil.example"), "cannot contain `//`"),
  refused("dot steps", path("/a/../../b"), "steps"),
  refused("encoded dot steps", path("/%2e%2E/b"), "steps"),
  refused("half-encoded dot steps", path("/.%2e/b"), "steps"),
  refused("an encoded slash", path("/a%2F..%2Fb"), "encoded slash"),
  refused("an encoded backslash", path("/a%5cb"), "encoded slash"),
  refused("an encoded line break", path("/a%0d%0aHost:evil.example"), "cannot contain"),
  refused("a line break", path('"/a\\r\\nHost: evil.example"'), "cannot contain"),
  refused("a tab that URLs drop", path('"/\\t/evil.example"'), "cannot contain"),
  refused("a command", path("'/$(id)'"), "cannot contain"),
  refused("the end of a quoted command", path("'/\";id;\"'"), "cannot contain"),
  refused("a full-width slash", path("/／evil.example"), "cannot contain"),
  accepted(
    "an encoding of an encoding",
    path("/%252e%252e/b"),
    (spec) => new URL(spec.healthcheck.path, "https://h.example").href,
    "https://h.example/%252e%252e/b"
  )
]

const injections: ReadonlyArray<HostileSpec> = [
  refused("a variable with a line break in its name", env('"A\\nB": 1'), "name of a variable"),
  refused("a variable with a quote in its name", env("'A\"B': 1"), "name of a variable"),
  refused("a variable with a command for a name", env("'$(id)': 1"), "name of a variable"),
  refused("a variable with a hole for a name", env("'${HOME}': 1"), "name of a variable"),
  refused("a variable of fabrik's", env("FABRIK_RELEASE: x"), "reserved"),
  refused("a variable of Coolify's", env("SERVICE_FQDN_APP: x"), "reserved"),
  accepted(
    "a value is text, whatever it holds",
    env("A: '$(id) $HOME `id` \"; rm -rf / #'"),
    (spec) => spec.env["A"],
    '$(id) $HOME `id` "; rm -rf / #'
  ),
  accepted("a value with line breaks", env('A: "a\\nB=c\\r\\nd"'), (spec) => spec.env["A"], "a\nB=c\r\nd"),
  refused("a secret with its value", `${base}secrets: ['API_KEY=hunter2']\n`, "name of a variable"),
  refused("a name with a line break", base.replace("name: a", 'name: "a\\nb"'), "`name` must be"),
  refused("a name with a command", base.replace("name: a", "name: a;id"), "`name` must be"),
  refused(
    "a name with a Dockerfile in it",
    'name: "a\\nRUN id"\ndomain: a.example.com\ntemplate: python-api\n',
    "`name` must be"
  ),
  refused("a project with a line break", `${base}project: "a\\nb c"\n`, "project's name"),
  refused("an environment with a slash", `${base}environment: ../prod\n`, "`environment` must be"),
  refused("a server with a line break", `${base}server: "a\\nb"\n`, "without line breaks"),
  refused("an image with a command", image("'nginx:1.27 && id'"), "tag of an image"),
  refused("an image with an option", image("--privileged"), "not an image name"),
  refused("an image with a hole", image("'nginx:${TAG}'"), "tag of an image"),
  refused("an image with a line break", image('"nginx\\nrun id"'), "not an image name"),
  refused("an image by path", image("../../x"), "registry"),
  refused("an image on a port that is none", image("ghcr.io:99999/a/b"), "port of the registry"),
  refused("a transport that runs a command", git("'ext::sh -c id% >&2'"), "https address"),
  refused("a repository that is an option", git("'--upload-pack=id'"), "https address"),
  refused("a local repository", git("file:///etc"), "a folder of this machine"),
  refused("a repository over plain git", git("git://github.com/a/b"), "https address"),
  refused("a repository over ssh", git("ssh://git@github.com/a/b"), "deploy key"),
  refused("an ssh host that is an option", git("'ssh://-oProxyCommand=id/a'"), "deploy key"),
  refused("a password in a repository", git("https://user:hunter2@github.com/a/b"), "no user, password"),
  refused("a repository on this machine", git("https://127.0.0.1/a/b"), "not an IP address"),
  refused("a repository in the cloud's metadata", git("https://169.254.169.254/a/b"), "not an IP address"),
  refused("a repository with a command", git("'https://github.com/a/b$(id)'"), "path of the repository"),
  refused("a repository with a query", git("'https://github.com/a/b?x=1'"), "no query"),
  refused("a repository that climbs", git("https://github.com/a/../b"), "a page of a repository"),
  refused(
    "a repository on a port that is none",
    git("https://github.com:65536/a/b"),
    "port of the repository"
  ),
  refused(
    "a branch that is an option",
    git("https://github.com/a/b", ", branch: '--upload-pack=id'"),
    "branch name"
  ),
  refused("a branch with a command", git("https://github.com/a/b", ", branch: 'a;id'"), "branch name"),
  refused("a branch with a refspec", git("https://github.com/a/b", ", branch: 'a:b'"), "branch name"),
  refused("a commit that is an option", git("https://github.com/a/b", ", commit: '--help'"), "full id"),
  refused(
    "a folder that climbs",
    git("https://github.com/a/b", ", baseDirectory: /a/../../etc"),
    "path inside the repository"
  ),
  refused(
    "a Dockerfile that climbs",
    git("https://github.com/a/b", ", dockerfile: ../../etc/passwd"),
    "path inside the repository"
  ),
  refused("a Dockerfile by path", `${head}port: 80\nsource: { dockerfile: /etc/passwd }\n`, "FROM line"),
  refused(
    "a Dockerfile without a base",
    `${head}port: 80\nsource:\n  dockerfile: |\n    RUN id\n    # FROM x\n`,
    "FROM line"
  ),
  refused(
    "a Dockerfile with a terminal escape",
    `${head}port: 80\nsource: { dockerfile: "FROM x\\nRUN \\e[2J" }\n`,
    "control characters"
  ),
  accepted(
    "a heredoc in a Dockerfile is its text",
    `${head}port: 80\nsource:\n  dockerfile: |\n    FROM x\n    RUN <<EOF\n    id\n    EOF\n`,
    (spec) => spec.source,
    { _tag: "Dockerfile", text: "FROM x\nRUN <<EOF\nid\nEOF\n" }
  ),
  refused("a template that climbs", `${head}template: ../../etc/passwd\n`, "unknown template"),
  refused("a template by path", `${head}template: /etc/passwd\n`, "unknown template"),
  refused("a template with NUL", `${head}template: "python-api\\0.evil"\n`, "control characters"),
  refused("a template in capitals", `${head}template: Python-API\n`, "unknown template"),
  refused(
    "a header with a line break",
    `${base}healthcheck: { release: { header: "X\\r\\nY" } }\n`,
    "name of a header"
  ),
  refused("a DNS target in disguise", `${base}dns: { target: '0x7f.1' }\n`, "not an IP address"),
  refused(
    "a DNS target with a zone",
    `${base}dns: { target: 'fe80::1%eth0' }\n`,
    "IP address or a host name"
  ),
  refused("a DNS target that is itself", `${base}dns: { target: A.EXAMPLE.COM. }\n`, "point at itself"),
  refused("a DNS provider by path", `${base}dns: { provider: ../evil }\n`, "unknown `dns.provider`"),
  refused("a name of 64 letters", base.replace("name: a", `name: ${"a".repeat(64)}`), "`name` must be"),
  refused("a variable's name of 256 letters", env(`${"A".repeat(256)}: 1`), "name of a variable"),
  refused("an image of 300 letters", image("a".repeat(300)), "at most 255"),
  refused("a path of 300 letters", path(`/${"a".repeat(300)}`), "at most 255"),
  refused("a repository of 300 letters", git(`https://github.com/a/${"b".repeat(300)}`), "at most 255"),
  refused("a server of 300 letters", `${base}server: ${"a".repeat(300)}\n`, "at most 255"),
  refused("a key of 2000 letters", `${base}${"k".repeat(2000)}: 1\n`, "longer than 1024")
]

export const hostileSpecs: ReadonlyArray<HostileSpec> = [
  ...bombs,
  ...prototypes,
  ...yaml,
  ...scalars,
  ...domains,
  ...paths,
  ...injections
]
