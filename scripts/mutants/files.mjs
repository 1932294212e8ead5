/** The protections of what applications have as files and directories; see run.mjs. */
export const files = [
  {
    name: "the warning of what gives the server away",
    file: "src/kinds/Volume.ts",
    find: "(path === undefined ? [] : riskOf(name, path))",
    put: "(path === undefined ? [] : [])",
    tests: ["test/e2e/Volumes.test.ts"]
  },
  {
    name: "the volumes that a new application would not have",
    file: "src/kinds/Volume.ts",
    find: "stored.every(({ hostPath }) => hostPath !== undefined)",
    put: "stored.every(() => true)",
    tests: ["test/e2e/Volumes.test.ts"]
  },
  {
    name: "the server's directories, which Coolify deletes with their data",
    file: "src/kinds/File.ts",
    find: "const gone = others.filter(isOwnFile).filter(",
    put: 'const gone = others.map((one) => ({ ...one, type: "file" })).filter(',
    tests: ["test/e2e/Files.test.ts"]
  },
  {
    name: "a directory of the server where a file is to be",
    file: "src/kinds/File.ts",
    find: "if (!isOwnFile(live)) return yield* inTheWay(live)",
    put: "",
    tests: ["test/e2e/Files.test.ts"]
  },
  {
    name: "the text of a file that nobody may read",
    file: "src/kinds/File.ts",
    find: "if (live.content === undefined && noted === own)",
    put: "if (live.content === undefined)",
    tests: ["test/e2e/Files.test.ts"]
  },
  {
    name: "the seal on what files held",
    file: "src/kinds/File.ts",
    find: "  sealed: true,\n",
    put: "",
    tests: ["test/orchestrator/Files.test.ts"]
  },
  {
    name: "what Coolify would trim of a file",
    file: "src/coolify/FileContent.ts",
    find: "if (start !== undefined || end !== undefined) {",
    put: "if (start !== undefined) {",
    tests: ["test/appspec/ParseSpec.test.ts"]
  },
  {
    name: "links that lead out of the spec's folder",
    file: "src/appspec/LoadSpec.ts",
    find: "if (real !== home && !real.startsWith(",
    put: "if (real === home && !real.startsWith(",
    tests: ["test/appspec/LoadSpec.test.ts"]
  },
  {
    name: "files that changed after a plan was reviewed",
    file: "src/cli/PlanFile.ts",
    find: "  yield* refuseOtherFiles(file, reviewed, spec)\n",
    put: "",
    tests: ["test/cli/PlanFile.test.ts"]
  }
]
