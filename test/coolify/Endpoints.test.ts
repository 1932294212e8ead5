import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ApplicationPatch, ApplicationSettings } from "../../src/coolify/endpoints/Applications.ts"
import { fromStoredImage, toStoredImage } from "../../src/coolify/ImageReference.ts"
import { normaliseRepository, storedRepository } from "../../src/coolify/Repository.ts"
import { makeLogReader } from "../../src/coolify/BuildLog.ts"
import { makeSieve } from "../../src/http/JsonSieve.ts"
import { keepOf } from "../../src/http/Keep.ts"
import * as Answer from "../../src/coolify/endpoints/ApplicationAnswer.ts"
import {
  createApplicationBody,
  patchApplicationBody
} from "../../src/coolify/endpoints/ApplicationRequest.ts"
import * as Deployments from "../../src/coolify/endpoints/Deployments.ts"
import * as Environments from "../../src/coolify/endpoints/Environments.ts"
import * as Variables from "../../src/coolify/endpoints/Variables.ts"
import {
  dockerfileApplication,
  fixture,
  gitApplication,
  healthcheck,
  imageApplication,
  variable
} from "./samples.ts"

const application = (name: string) =>
  Answer.toApplication(Schema.decodeUnknownSync(Answer.ApplicationRow)(fixture(name)))
const hash = "59e02939b1bf39f16c93138a28727aec520bb916da021180ae502c61626b3cf0"

describe("reading an application", () => {
  it("that cannot roll, for any of the reasons there are", () => {
    const row = { uuid: "a", name: "a", build_pack: "nixpacks" }
    const stopsFirst = (more: object) =>
      Answer.toApplication(Schema.decodeUnknownSync(Answer.ApplicationRow)({ ...row, ...more })).stopsFirst
    for (const more of [
      { ports_mappings: "8080:80" },
      { custom_docker_run_options: "--init --ip 10.0.0.2" },
      { settings: { is_consistent_container_name_enabled: true } },
      { settings: { custom_internal_name: "api" } }
    ]) {
      assert.isTrue(stopsFirst(more), JSON.stringify(more))
    }
    for (const more of [
      {},
      { settings: null },
      { ports_mappings: null, custom_docker_run_options: "--init" }
    ]) {
      assert.isFalse(stopsFirst(more), JSON.stringify(more))
    }
  })

  it("never with a number that is none", () => {
    const row = { uuid: "a", name: "a", build_pack: "nixpacks" }
    const decode = Schema.decodeUnknownOption(Answer.ApplicationRow)
    for (const value of [Infinity, "Infinity", "NaN", 1.5, "1.5", ""]) {
      assert.isTrue(Option.isNone(decode({ ...row, health_check_timeout: value })), String(value))
    }
    assert.isTrue(Option.isSome(decode({ ...row, health_check_timeout: "30" })))
    const exposed = { ...row, ports_exposes: "9".repeat(400) }
    assert.strictEqual(
      Answer.toApplication(Schema.decodeUnknownSync(Answer.ApplicationRow)(exposed)).port,
      80
    )
  })

  it("of an image", () => {
    assert.deepStrictEqual(application("application-image"), {
      uuid: "app000000000000000000001",
      name: "test-api",
      description: "managed by fabrik - test-api",
      domains: ["https://test-api.example.com"],
      port: 8000,
      status: "running:healthy",
      stopsFirst: false,
      restartCount: 0,
      source: { _tag: "Image", name: "ghcr.io/example/test-api", tag: "1.4.0" },
      healthcheck
    })
  })

  it("of an image by digest", () => {
    assert.deepStrictEqual(application("application-digest").source, {
      _tag: "Image",
      name: "ghcr.io/example/test-api",
      tag: `sha256:${hash}`
    })
  })

  it("of a repository", () => {
    const { source, status } = application("application-git")
    assert.deepStrictEqual(source, gitApplication.source)
    assert.strictEqual(status, "exited")
  })

  it("of an inline Dockerfile, with or without the right to read it", () => {
    const shown = application("application-dockerfile")
    assert.deepStrictEqual(shown.source, {
      _tag: "Dockerfile",
      text: 'FROM python:3.12-slim\nCMD ["python", "-m", "http.server", "8000"]\n'
    })
    assert.deepStrictEqual(shown.domains, ["https://a.example.com", "https://b.example.com"])
    assert.strictEqual(shown.port, 8000)
    assert.strictEqual(shown.healthcheck.port, "")
    assert.deepStrictEqual(application("application-hidden").source, { _tag: "Dockerfile", text: undefined })
  })

  it("with nothing but what it cannot do without", () => {
    const row = {
      uuid: "a",
      name: "a",
      build_pack: "nixpacks",
      fqdn: null,
      ports_exposes: null,
      description: null
    }
    assert.deepStrictEqual(Answer.toApplication(Schema.decodeUnknownSync(Answer.ApplicationRow)(row)), {
      uuid: "a",
      name: "a",
      description: "",
      domains: [],
      port: 80,
      status: "exited",
      stopsFirst: false,
      restartCount: 0,
      source: {
        _tag: "Git",
        repository: "",
        branch: "",
        commit: "HEAD",
        buildPack: "nixpacks",
        baseDirectory: "/",
        dockerfile: "/Dockerfile"
      },
      healthcheck: {
        enabled: false,
        path: "/",
        port: "",
        status: 200,
        interval: 5,
        timeout: 5,
        retries: 10,
        startPeriod: 5
      }
    })
  })

  it("in an environment", () => {
    const { uuid, applications } = Schema.decodeUnknownSync(Environments.InventoryRow)(fixture("environment"))
    assert.strictEqual(uuid, "env000000000000000000001")
    assert.lengthOf(applications, 2)
  })
})

describe("reading variables", () => {
  const read = (name: string) =>
    Schema.decodeUnknownSync(Variables.VariableRows)(fixture(name)).map(Variables.toVariable)

  it("shows values where the token may see them", () => {
    const [port, empty, key, twin] = read("envs")
    assert.deepStrictEqual(port, {
      uuid: "var000000000000000000011",
      key: "PORT",
      value: Redacted.make("8000"),
      isPreview: false,
      isLiteral: true,
      isMultiline: false,
      isShownOnce: false,
      isRuntime: true,
      isBuildtime: true,
      comment: "",
      updatedAt: Date.UTC(2026, 7, 30, 9, 12, 3)
    })
    assert.deepStrictEqual(empty?.value, Redacted.make(""))
    assert.strictEqual(key?.comment, "fabrik hash=9f")
    assert.notInclude(JSON.stringify(key), "sk-live")
    assert.isTrue(twin?.isPreview)
  })

  it("and leaves them out where it may not", () => {
    for (const row of read("envs-hidden")) assert.isUndefined(row.value)
  })
})

describe("reading deployments", () => {
  const decode = (value: unknown) => {
    const sieve = makeSieve({
      keep: keepOf(Deployments.DeploymentRow),
      longest: 1e6,
      texts: { field: "logs", reader: makeLogReader }
    })
    sieve.push(Buffer.from(JSON.stringify(value)))
    const kept = sieve.end()
    assert.isObject(kept)
    return Deployments.toDeployment(
      Schema.decodeUnknownSync(Schema.parseJson(Deployments.DeploymentRow))(
        typeof kept === "object" ? kept.json : ""
      ),
      (text) => text
    )
  }
  const finished = fixture("deployment-finished") as Record<string, unknown>

  it("leaves hidden lines out", () => {
    assert.deepStrictEqual(decode(finished), {
      uuid: "dep000000000000000000001",
      status: "finished",
      commit: "HEAD",
      createdAt: "2026-08-30T09:12:11.000000Z",
      logs: [
        { stream: "stdout", text: "Starting deployment of test-api to vps1." },
        { stream: "stderr", text: "warning: no healthcheck tool in the image" }
      ],
      logsBefore: 0
    })
  })

  it("tells logs that may not be read from logs that are empty or garbage", () => {
    const { logs: _, ...hidden } = finished
    assert.isUndefined(decode(hidden).logs)
    assert.deepStrictEqual(decode({ ...finished, logs: null }).logs, [])
    assert.deepStrictEqual(decode({ ...finished, logs: "" }).logs, [])
    assert.isUndefined(decode({ ...finished, logs: "{not json" }).logs)
  })

  it("takes a list that is an object keyed by index", () => {
    const list = (name: string) =>
      Deployments.toDeployments(Schema.decodeUnknownSync(Deployments.DeploymentList)(fixture(name)))
    assert.deepStrictEqual(list("deployments-keyed"), list("deployments"))
    assert.deepStrictEqual(
      list("deployments").map(({ uuid, status }) => `${uuid} ${status}`),
      ["dep000000000000000000002 in_progress", "dep000000000000000000001 finished"]
    )
  })

  it("knows five states and no more", () => {
    assert.throws(() => decode({ ...finished, status: "exploded" }))
  })
})

describe("writing an application", () => {
  const common = {
    project_uuid: "pr0j00000000000000000001",
    server_uuid: "z8k4wgk0o4ocw8ok4o0s0k0c",
    environment_name: "production",
    name: "test-api",
    description: "managed by fabrik - test-api",
    domains: "https://test-api.example.com",
    autogenerate_domain: false,
    ports_exposes: "8000",
    health_check_enabled: true,
    health_check_path: "/health",
    health_check_port: "8000",
    health_check_return_code: 200,
    health_check_interval: 5,
    health_check_timeout: 30,
    health_check_retries: 10,
    health_check_start_period: 5
  }

  it("of an image", () => {
    assert.deepStrictEqual(createApplicationBody(imageApplication), {
      variant: "dockerimage",
      body: {
        ...common,
        docker_registry_image_name: "ghcr.io/example/test-api",
        docker_registry_image_tag: "1.4.0"
      }
    })
  })

  it("of an image by digest, in one piece", () => {
    const { body } = createApplicationBody({
      ...imageApplication,
      source: { _tag: "Image", name: "ghcr.io/example/test-api", tag: `sha256:${hash}` }
    })
    assert.strictEqual(body["docker_registry_image_name"], `ghcr.io/example/test-api@sha256:${hash}`)
    assert.notProperty(body, "docker_registry_image_tag")
  })

  it("of a repository", () => {
    assert.deepStrictEqual(createApplicationBody(gitApplication), {
      variant: "public",
      body: {
        ...common,
        git_repository: "https://github.com/example/test-api",
        git_branch: "release",
        git_commit_sha: "0123456789abcdef0123456789abcdef01234567",
        build_pack: "dockerfile",
        base_directory: "/api",
        dockerfile_location: "/docker/Dockerfile"
      }
    })
  })

  it("of an inline Dockerfile, as base64 of its UTF-8", () => {
    const { variant, body } = createApplicationBody(dockerfileApplication)
    assert.strictEqual(variant, "dockerfile")
    assert.strictEqual(
      Buffer.from(String(body["dockerfile"]), "base64").toString("utf8"),
      "FROM python:3.12-slim\nEXPOSE 8000\n# größer\n"
    )
  })

  it("without domains or a port of its own for the check", () => {
    const { body } = createApplicationBody({
      ...imageApplication,
      domains: [],
      healthcheck: { ...healthcheck, port: "" }
    })
    assert.notProperty(body, "domains")
    assert.strictEqual(body["autogenerate_domain"], false)
    assert.isNull(body["health_check_port"])
  })

  const patches: ReadonlyArray<readonly [string, ApplicationPatch, ApplicationSettings, object]> = [
    ["nothing", {}, imageApplication, {}],
    ["a name", { name: "n" }, imageApplication, { name: "n" }],
    [
      "a port, with the domains",
      { port: 9000 },
      imageApplication,
      { ports_exposes: "9000", domains: "https://test-api.example.com" }
    ],
    [
      "domains, with the port",
      { domains: ["https://a.example.com", "https://b.example.com/x"] },
      imageApplication,
      { ports_exposes: "8000", domains: "https://a.example.com,https://b.example.com/x" }
    ],
    ["no domains", { domains: [] }, imageApplication, { ports_exposes: "8000", domains: "" }],
    [
      "an image, whose name carries no tag",
      { source: { _tag: "Image", name: "nginx", tag: "1.27" } },
      imageApplication,
      { docker_registry_image_name: "nginx", docker_registry_image_tag: "1.27" }
    ],
    [
      "an image by digest",
      { source: { _tag: "Image", name: "nginx", tag: `sha256:${hash}` } },
      imageApplication,
      { docker_registry_image_name: "nginx@sha256", docker_registry_image_tag: hash }
    ],
    [
      "a repository of github.com, as Coolify stores it",
      { source: gitApplication.source },
      gitApplication,
      {
        git_repository: "example/test-api",
        git_branch: "release",
        git_commit_sha: "0123456789abcdef0123456789abcdef01234567",
        build_pack: "dockerfile",
        base_directory: "/api",
        dockerfile_location: "/docker/Dockerfile"
      }
    ],
    ["an inline Dockerfile that stays", { source: dockerfileApplication.source }, dockerfileApplication, {}]
  ]
  for (const [title, patch, current, body] of patches) {
    it(`changing ${title}`, () => assert.deepStrictEqual(patchApplicationBody(patch, current), body))
  }

  it("always every field of a variable", () => {
    assert.deepStrictEqual(
      Variables.variablesBody([variable("A", "x", { comment: "c", isMultiline: true })]),
      {
        data: [
          {
            key: "A",
            value: "x",
            is_preview: false,
            is_literal: true,
            is_multiline: true,
            is_shown_once: false,
            is_runtime: true,
            is_buildtime: false,
            comment: "c"
          }
        ]
      }
    )
  })
})

describe("forms to compare by", () => {
  const pairs = {
    "https://github.com/owner/repo": "https://github.com/owner/repo",
    "https://github.com/owner/repo.git": "https://github.com/owner/repo",
    "https://GitHub.com/owner/repo/": "https://github.com/owner/repo",
    "owner/repo": "https://github.com/owner/repo",
    "owner/repo.git": "https://github.com/owner/repo",
    " owner/repo ": "https://github.com/owner/repo",
    "https://git.example.org:8443/team/sub/repo.git/": "https://git.example.org:8443/team/sub/repo",
    "git@github.com:owner/repo.git": "git@github.com:owner/repo.git",
    "": ""
  }
  for (const [given, normal] of Object.entries(pairs)) {
    it(`repository ${JSON.stringify(given)}`, () => {
      assert.strictEqual(normaliseRepository(given), normal)
      assert.strictEqual(normaliseRepository(normal), normal)
    })
  }

  it("a long row of slashes is read in one pass", () => {
    const started = process.cpuUsage()
    normaliseRepository(`https://git.example/${"/".repeat(200_000)}x`)
    assert.isBelow(process.cpuUsage(started).user / 1000, 1000)
  })

  it("a repository survives being stored", () => {
    for (const given of Object.keys(pairs)) {
      assert.strictEqual(normaliseRepository(storedRepository(given)), normaliseRepository(given))
    }
    assert.strictEqual(storedRepository("https://github.com/owner/repo.git"), "owner/repo")
    assert.strictEqual(storedRepository("https://git.example.org/a/b.git"), "https://git.example.org/a/b.git")
  })

  const hex = FastCheck.array(FastCheck.constantFrom(..."0123456789abcdef"), { minLength: 64, maxLength: 64 })
  const tag = FastCheck.oneof(
    FastCheck.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/).filter(
      (one) => !one.startsWith("sha256-")
    ),
    hex.map((digits) => `sha256:${digits.join("")}`)
  )
  it.prop(
    "an image survives being stored",
    { name: FastCheck.stringMatching(/^[a-z0-9/:.-]+$/), tag },
    (image) => {
      const stored = toStoredImage(image)
      assert.match(stored.tag, /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/)
      assert.deepStrictEqual(fromStoredImage(stored), image)
    }
  )

  it("an image by digest made in Coolify's own screens", () => {
    const image = { name: "nginx", tag: `sha256:${hash}` }
    assert.deepStrictEqual(fromStoredImage({ name: "nginx", tag: `sha256-${hash}` }), image)
    assert.deepStrictEqual(fromStoredImage({ name: "nginx@sha256", tag: `sha256-${hash}` }), image)
    assert.deepStrictEqual(fromStoredImage({ name: "nginx", tag: hash }), { name: "nginx", tag: hash })
  })
})
