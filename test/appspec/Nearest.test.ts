import { assert, describe, it } from "@effect/vitest"
import { nearest } from "../../src/appspec/Nearest.ts"

const keys = ["name", "template", "domain", "env", "secrets", "dns", "healthcheck", "startPeriod"]

describe("nearest", () => {
  it.each([
    ["helthcheck", "healthcheck"],
    ["health_check", "healthcheck"],
    ["HealthCheck", "healthcheck"],
    ["domian", "domain"],
    ["nme", "name"],
    ["secret", "secrets"],
    ["envs", "env"],
    ["start-period", "startPeriod"],
    ["tmplate", "template"]
  ])("%s is near %s", (word, key) => {
    assert.strictEqual(nearest(word, keys), key)
  })

  it.each(["", "x", "foo", "dnsmasq", "completely-other", "a".repeat(50_000)])(
    "nothing is near %s",
    (word) => {
      assert.isUndefined(nearest(word, keys))
    }
  )
})
