// Mutants of what tells a failure by its cause before anything is sent; see run.mjs.
export const causes = [
  {
    name: "the look for a delegation above the domain",
    file: "src/orchestrator/Delegation.ts",
    find: "const cut = [...above, cutOf(recordSets, true)].find((found) => found !== undefined)",
    put: "const cut = [cutOf(recordSets, true)].find((found) => found !== undefined)",
    tests: ["test/orchestrator/Delegation.test.ts"]
  },
  {
    name: "pages of a repository",
    file: "src/appspec/GitRepository.ts",
    find: "if (page !== undefined) return Either.left(page)",
    put: "",
    tests: ["test/appspec/GitRepository.test.ts"]
  },
  {
    name: "plain http at private addresses only",
    file: "src/coolify/CoolifyConfig.ts",
    find: "!(mayBeHttp && isPrivate(url.hostname))",
    put: "!mayBeHttp",
    tests: ["test/coolify/CoolifyConfig.test.ts"]
  },
  {
    name: "hosts that NO_PROXY lists",
    file: "src/cli/Proxy.ts",
    find: "isLoopback(host) || direct.some((entry) => isDirect(host, port, entry))",
    put: "isLoopback(host)",
    tests: ["test/cli/Proxy.test.ts"]
  },
  {
    name: "redirects that come back by a detour",
    file: "src/health/AwaitHealthy.ts",
    find: 'if (seen.has(now.target)) return { ...first, kind: "loop" as const }',
    put: "",
    tests: ["test/health/AwaitHealthy.test.ts"]
  },
  {
    name: "a check in the container that can never pass",
    file: "src/appspec/sections/Healthcheck.ts",
    find: "if (probes && given.status >= 400 && status !== undefined) {",
    put: "if (probes && given.status < 0 && status !== undefined) {",
    tests: ["test/appspec/ParseSpec.test.ts"]
  },
  {
    name: "values that stand as they are in a spec that is written",
    file: "src/appspec/sections/Variables.ts",
    find: 'value.replaceAll("${", () => "$${")',
    put: "value",
    tests: ["test/appspec/RoundTrip.test.ts"]
  },
  {
    name: "keys of a spec that nobody knows",
    file: "src/appspec/Decode.ts",
    find: 'onExcessProperty: "error"',
    put: 'onExcessProperty: "ignore"',
    tests: ["test/appspec/ParseSpec.test.ts"]
  },
  {
    name: "rules across keys where one of the keys cannot be read",
    file: "src/appspec/Decode.ts",
    find: "tree = without(tree, places)",
    put: "return undefined",
    tests: ["test/appspec/ParseSpec.test.ts"]
  }
]
