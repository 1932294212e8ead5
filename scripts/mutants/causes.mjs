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
    file: "src/appspec/ReadHealthcheck.ts",
    find: "if (!container || status < 400 || field === undefined) return",
    put: "if (field !== undefined) return",
    tests: ["test/appspec/ParseSpec.test.ts"]
  }
]
