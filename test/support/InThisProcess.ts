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
  const looks = new Set<() => void>()
  const tty = readLine !== undefined
  const stream = (name: "out" | "err") => ({
    write: (text: string) => {
      output[name] += text
      for (const look of looks) look()
    },
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
  /** Resolves once `text` has been printed; fails when the command ends first. */
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!(output.out + output.err).includes(text)) return
        looks.delete(look)
        resolve()
      }
      looks.add(look)
      void started.done.then(() => reject(new Error(`ended without "${text}": ${output.err}`)))
      look()
    })
  return { ...started, output, until }
}

/** Runs a command to its end in the working folder of this process, for a tenth of what a process of its own takes. */
export const runHere = async (argv: ReadonlyArray<string>, env: Facts["env"] = {}) => {
  const { done, output } = startHere(argv, { env })
  const status = await done
  return { status, stdout: output.out, stderr: output.err }
}
