/** fabrik in the process of the test, on a screen that remembers. */
import { start } from "../../src/cli/Start.ts"

export type Facts = Parameters<typeof start>[0]

/** A terminal where there is somebody who answers, else two files. */
export const startHere = (
  argv: ReadonlyArray<string>,
  {
    columns,
    env = {},
    readLine,
    stdin = ""
  }: Partial<Pick<Facts, "env" | "readLine">> & {
    readonly columns?: number
    /** What is piped in. */
    readonly stdin?: string | Uint8Array
  } = {}
) => {
  const output = { out: "", err: "" }
  const tty = readLine !== undefined
  const stream = (name: "out" | "err") => ({
    write: (text: string) => void (output[name] += text),
    onClose: () => () => {},
    tty,
    columns: () => columns,
    rows: () => undefined
  })
  const started = start({
    argv,
    env: { LANG: "C.UTF-8", ...env },
    out: stream("out"),
    err: stream("err"),
    inTty: tty,
    readLine: readLine ?? (() => () => {}),
    readHidden: readLine ?? (() => () => {}),
    readAll: (most, onBytes) => {
      onBytes(Buffer.from(stdin).subarray(0, most + 1))
      return () => {}
    }
  })
  return { ...started, output }
}
