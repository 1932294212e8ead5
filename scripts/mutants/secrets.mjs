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
  }
]
