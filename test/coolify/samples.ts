import { readFileSync } from "node:fs"
import * as Redacted from "effect/Redacted"
import type { CreateOwn } from "../../src/coolify/endpoints/ApplicationRequest.ts"
import type { Variable } from "../../src/coolify/endpoints/Variables.ts"

/** A body as Coolify sends it. */
export const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/coolify/${name}.json`, import.meta.url), "utf8"))

export const token = "17|QmVuY2htYXJrVG9rZW5Gb3JUZXN0c09ubHkhISEhMTIzNDU2Nzg"

export const healthcheck = {
  enabled: true,
  path: "/health",
  port: "8000",
  status: 200,
  interval: 5,
  timeout: 30,
  retries: 10,
  startPeriod: 5
}

export const imageApplication: CreateOwn = {
  projectUuid: "pr0j00000000000000000001",
  serverUuid: "z8k4wgk0o4ocw8ok4o0s0k0c",
  environmentName: "production",
  name: "test-api",
  description: "managed by fabrik - test-api",
  domains: ["https://test-api.example.com"],
  port: 8000,
  healthcheck,
  source: { _tag: "Image", name: "ghcr.io/example/test-api", tag: "1.4.0" }
}

export const dockerfileApplication: CreateOwn = {
  ...imageApplication,
  source: { _tag: "Dockerfile", text: "FROM python:3.12-slim\nEXPOSE 8000\n# größer\n" }
}

export const gitApplication: CreateOwn = {
  ...imageApplication,
  source: {
    _tag: "Git",
    repository: "https://github.com/example/test-api",
    branch: "release",
    commit: "0123456789abcdef0123456789abcdef01234567",
    buildPack: "dockerfile",
    baseDirectory: "/api",
    dockerfile: "/docker/Dockerfile"
  }
}

export const variable = (key: string, value: string, more: Partial<Variable> = {}): Variable => ({
  key,
  value: Redacted.make(value),
  isPreview: false,
  isLiteral: true,
  isMultiline: false,
  isShownOnce: false,
  isRuntime: true,
  isBuildtime: false,
  comment: "",
  ...more
})
