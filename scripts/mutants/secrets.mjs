/** Mutants of what keeps a secret's value as it is. */
export const secrets = [
  {
    name: "the value at the application that a generated one never replaces",
    file: "src/orchestrator/steps/ResolveSecrets.ts",
    find: "return digestOfComment(row.comment) === digest ? value :",
    put: "return digest !== undefined ? value :",
    tests: ["test/orchestrator/Secrets.test.ts"]
  },
  {
    name: "the value that must be given",
    file: "src/orchestrator/steps/ResolveSecrets.ts",
    find: "if (missing.length > 0 && !world.offline)",
    put: "if (missing.length < 0 && !world.offline)",
    tests: ["test/orchestrator/Secrets.test.ts"]
  },
  {
    name: "the secret that nobody can read, and a replacement would lose",
    file: "src/orchestrator/Reconcile.ts",
    find: "if (held.length > 0) return yield*",
    put: "if (held.length < 0) return yield*",
    tests: ["test/orchestrator/Secrets.test.ts"]
  },
  {
    name: "the reference in .env that nobody expands",
    file: "src/secrets/EnvFile.ts",
    find: "const reference = findReference(value)",
    put: "const reference = findReference(value.slice(0, 0))",
    tests: ["test/secrets/EnvFile.test.ts"]
  },
  {
    name: "the password of visitors, sent to whoever listens",
    file: "src/health/HttpsHealthProbe.ts",
    find: "withheld = !(socket instanceof TLSSocket && socket.authorized)",
    put: "withheld = false",
    tests: ["test/health/HttpsHealthProbe.test.ts"]
  },
  {
    name: "the look whether visitors without the password are kept out",
    file: "src/orchestrator/steps/Verify.ts",
    find: "  if (spec.basicAuth !== undefined) {",
    put: "  if (spec.name === undefined) {",
    tests: ["test/e2e/BasicAuth.test.ts"]
  },
  {
    name: "the seal on the password of visitors",
    file: "src/kinds/BasicAuth.ts",
    find: "  sealed: true,\n",
    put: "",
    tests: ["test/e2e/BasicAuth.test.ts"]
  },
  {
    name: "a password that the proxy would cut",
    file: "src/orchestrator/BasicAuth.ts",
    find: "Buffer.byteLength(text) > mostBytes",
    put: "Buffer.byteLength(text) > 10 * mostBytes",
    tests: ["test/e2e/BasicAuth.test.ts"]
  }
]
