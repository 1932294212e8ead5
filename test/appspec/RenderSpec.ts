import * as Duration from "effect/Duration"
import type { SecretRule, Source, Spec } from "../../src/appspec/Spec.ts"

const renderSource = (source: Source) => {
  switch (source._tag) {
    case "Image":
      return { image: `${source.name}${source.tag.startsWith("sha256:") ? "@" : ":"}${source.tag}` }
    case "Dockerfile":
      return { dockerfile: source.text }
    case "Git": {
      const { _tag, repository, dockerfile, ...rest } = source
      return { git: repository, ...rest, ...(source.buildPack === "dockerfile" ? { dockerfile } : {}) }
    }
  }
}

const renderRule = (rule: SecretRule) =>
  rule._tag === "Required"
    ? "required"
    : { generate: rule.kind, ...(rule.kind === "uuid" ? {} : { length: rule.length }) }

/** A spec with everything written out, as an object that `stringify` takes. */
export const render = ({ secretRules, ...spec }: Spec) => ({
  ...spec,
  secrets:
    secretRules.size === 0
      ? spec.secrets
      : Object.fromEntries(Array.from(secretRules, ([name, rule]) => [name, renderRule(rule)])),
  source: renderSource(spec.source),
  healthcheck: {
    ...spec.healthcheck,
    timeout: Duration.toSeconds(spec.healthcheck.timeout),
    interval: Duration.toSeconds(spec.healthcheck.interval),
    startPeriod: Duration.toSeconds(spec.healthcheck.startPeriod),
    settle: Duration.toSeconds(spec.healthcheck.settle),
    release:
      spec.healthcheck.release === undefined
        ? undefined
        : spec.healthcheck.release._tag === "Header"
          ? { header: spec.healthcheck.release.name }
          : { json: spec.healthcheck.release.path.join(".") }
  }
})
