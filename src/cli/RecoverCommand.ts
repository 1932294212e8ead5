/** The command that settles what the one of `argv` leaves open, ready to be pasted. */
export const recoverCommand = (argv: ReadonlyArray<string>): string => {
  const isOf = (flag: string) => (word: string) => word === flag || word.startsWith(`${flag}=`)
  const at = argv.findIndex(isOf("--sandbox-dir"))
  const word = argv[at]
  const dir = at === -1 ? [] : word === "--sandbox-dir" ? [word, argv[at + 1] ?? ""] : [word ?? ""]
  const words = ["fabrik", "recover", ...(argv.includes("--sandbox") ? ["--sandbox", ...dir] : [])]
  return words.map(quoted).join(" ")
}

const quoted = (word: string): string =>
  /^[A-Za-z0-9_./=:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
