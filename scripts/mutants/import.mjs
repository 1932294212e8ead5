/** What keeps an import from losing a word of a file, and adopt from losing what an import made; see run.mjs. */
export const imports = [
  {
    name: "import: what nobody took of a file",
    file: "src/import/Cursor.ts",
    find: '      this.leave(keyAt, path, "fabrik import does not know it", draft)\n',
    put: "",
    tests: ["test/import/Compose.test.ts"]
  },
  {
    name: "import: specs that the reader of specs refuses",
    file: "src/import/Import.ts",
    find: "job.drafts.filter((one) => !refused.some(({ draft }) => draft === one))",
    put: "job.drafts",
    tests: ["test/import/Compose.test.ts"]
  },
  {
    name: "import: secrets of .env and of defaults in a command",
    file: "src/import/ComposeText.ts",
    find: 'if (value !== undefined && (operator.endsWith("+") || !isSecret(name, value))) return value',
    put: "if (value !== undefined) return value",
    tests: ["test/import/Compose.test.ts"]
  },
  {
    name: "import: a secret that is a common word",
    file: "src/import/ComposeSecrets.ts",
    find: "value.length >= 6 && !/^[A-Za-z_-]+$/.test(value)",
    put: "value.length >= 6",
    tests: ["test/import/Compose.test.ts"]
  },
  {
    name: "import: a port that only the server itself reaches",
    file: "src/import/ComposeSplit.ts",
    find: "[address, outside, inside].filter",
    put: "[outside, inside].filter",
    tests: ["test/import/Compose.test.ts"]
  },
  {
    name: "import: one value of a secret that several specs know",
    file: "src/import/Import.ts",
    find: '    for (const draft of all) draft.put("secrets", name, "required")\n',
    put: "",
    tests: ["test/import/Formats.test.ts"]
  },
  {
    name: "adopt: what a spec had as plain, whatever it looks like",
    file: "src/orchestrator/PlainVariables.ts",
    find: "!isPlainComment(row.comment) && looksSecret(row.key, value)",
    put: "looksSecret(row.key, value)",
    tests: ["test/orchestrator/SpecText.test.ts"]
  },
  {
    name: "adopt: what the build reads of secrets",
    file: "src/orchestrator/PlainVariables.ts",
    find: "      if (isBuilt && secretNamePattern.test(row.key)) build.push(row.key)\n",
    put: "",
    tests: ["test/orchestrator/SpecText.test.ts"]
  }
]
