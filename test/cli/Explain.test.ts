/** Every failure has a code, every code is a failure's, and each is explained. */
import { assert, describe, it } from "vitest"
import { catalogue } from "../../src/cli/Catalogue.ts"
import { codeOf, prefixes } from "../../src/cli/FailureCode.ts"
import { startHere } from "../support/InThisProcess.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { DnsError } from "../../src/dns/DnsError.ts"
import { DeploymentFailedError, RefusedError } from "../../src/engine/DeployError.ts"
import { UnhealthyError } from "../../src/health/AwaitHealthy.ts"
import { ProbeError } from "../../src/health/HealthProbe.ts"
import { StepError } from "../../src/orchestrator/RunError.ts"
import { SandboxError } from "../../src/sandbox/SandboxError.ts"
import { SecretError } from "../../src/secrets/SecretStore.ts"
import { LockError } from "../../src/state/FileLock.ts"
import { HistoryError } from "../../src/state/History.ts"
import { JournalError } from "../../src/state/Journals.ts"
import { nameServerAdvice } from "../../src/ui/NextStep.ts"
import { StateError } from "../../src/state/StateError.ts"
import { RunFilesError } from "../../src/state/RunFiles.ts"

const withReasons: Readonly<Record<string, ReadonlyArray<string>>> = {
  AuthoritativeDnsError: Object.keys(nameServerAdvice),
  CoolifyError: CoolifyError.fields.reason.literals,
  DeploymentFailedError: DeploymentFailedError.fields.reason.literals,
  DnsError: DnsError.fields.reason.literals,
  HistoryError: HistoryError.fields.reason.literals,
  JournalError: JournalError.fields.reason.literals,
  LockError: LockError.fields.reason.literals,
  ProbeError: ProbeError.fields.reason.literals,
  RefusedError: RefusedError.fields.reason.literals,
  RunFilesError: RunFilesError.fields.reason.literals,
  SandboxError: SandboxError.fields.reason.literals,
  SecretError: SecretError.fields.reason.literals,
  StateError: StateError.fields.reason.literals,
  UnhealthyError: UnhealthyError.fields.reason.literals
}

/** The code that a failure of this tag and reason shows. */
const shown = (_tag: string, reason?: string): string =>
  codeOf({ _tag, ...(reason === undefined ? {} : { reason }) } as Parameters<typeof codeOf>[0])

const run = async (...argv: ReadonlyArray<string>) => {
  const { done, output } = startHere(argv)
  return { code: await done, ...output }
}

describe("a failure's code", () => {
  it("is in the catalogue, once, for every failure there is, and no other is", () => {
    const codes = Object.keys(prefixes).flatMap((tag) =>
      (withReasons[tag] ?? [undefined]).map((reason) => shown(tag, reason))
    )
    assert.deepStrictEqual(catalogue.map(({ code }) => code).toSorted(), codes.toSorted())
    assert.lengthOf(new Set(codes), codes.length)
    for (const { code, cause, did, next } of catalogue) {
      for (const text of [cause, did, next]) assert.match(text, /^\S.*\S$/su, code)
    }
  })

  it("is known for every error that a step of a run can end with", () => {
    for (const member of StepError.members) {
      assert.include(Object.keys(prefixes), member._tag)
      assert.strictEqual("reason" in member.fields, member._tag in withReasons, member._tag)
    }
  })

  it("is shown with the failure, and explained", async () => {
    const args = ["apply", "--yes", "fixtures/static-image.yaml"]
    const failed = await run(...args)
    assert.strictEqual(failed.code, 5, failed.err)
    assert.match(failed.err, /  More: fabrik explain credentials\n$/)
    const { out } = await run(...args, "--json")
    assert.strictEqual(JSON.parse(out).code, "credentials")
    const { code, out: explained } = await run("explain", "credentials", "dns-conflict")
    assert.strictEqual(code, 0)
    assert.match(explained, /^credentials\n  Cause:  .*\ndns-conflict\n  Cause:  Another record stands/su)
    const wrong = await run("explain", "dns-conflit")
    assert.deepStrictEqual([wrong.code, wrong.out], [4, ""])
    assert.include(wrong.err, "did you mean dns-conflict?")
  })
})
