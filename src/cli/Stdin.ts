/** What the process is told on its standard input. Each reader answers once; what it returns stops it. */

/** The next line; `undefined` at the end. */
export const readLine = (onLine: (line: string | undefined) => void): (() => void) => {
  const { stdin } = process
  let text = ""
  const onData = (chunk: string) => {
    text += chunk
    const [line, ...rest] = text.split("\n")
    if (rest.length > 0) finish(line)
  }
  const onEnd = () => finish(text === "" ? undefined : text)
  const stop = () => {
    stdin.off("data", onData).off("end", onEnd).off("error", onEnd)
    stdin.pause()
  }
  const finish = (line: string | undefined) => {
    stop()
    onLine(line)
  }
  stdin.setEncoding("utf8")
  stdin.on("data", onData).on("end", onEnd).on("error", onEnd)
  stdin.resume()
  return stop
}

/** All of it, up to `most` bytes and one more. */
export const readAll = (most: number, onBytes: (bytes: Uint8Array) => void): (() => void) => {
  const { stdin } = process
  const chunks: Array<Buffer> = []
  let size = 0
  const onData = (chunk: Buffer | string) => {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.length
    if (size > most) onEnd()
  }
  const onEnd = () => {
    stop()
    onBytes(Buffer.concat(chunks).subarray(0, most + 1))
  }
  const stop = () => {
    stdin.off("data", onData).off("end", onEnd).off("error", onEnd)
    stdin.pause()
  }
  stdin.on("data", onData).on("end", onEnd).on("error", onEnd)
  stdin.resume()
  return stop
}

const control = { end: "\u0004", erase: "\u0008", interrupt: "\u0003", remove: "\u007f", wipe: "\u0015" }

/** The next line of the terminal, which does not show it. A text of several lines is answered whole, for the caller to refuse. */
export const readHidden = (onLine: (line: string | undefined) => void): (() => void) => {
  const { stdin } = process
  let text = ""
  const stop = () => {
    stdin.off("data", onData).off("end", onEnd).off("error", onEnd)
    if (stdin.isTTY) stdin.setRawMode(false)
    stdin.pause()
  }
  const finish = (line: string | undefined) => {
    stop()
    onLine(line)
  }
  const onEnd = () => finish(text === "" ? undefined : text)
  const onData = (chunk: string) => {
    // What is pasted comes at once.
    const pasted = chunk.replace(/\r\n?/g, "\n")
    const last = pasted.length > 1 && pasted.endsWith("\n") ? pasted.slice(0, -1) : pasted
    for (const sign of last.length > 1 && last.includes("\n") ? [last] : last) {
      if (sign === control.interrupt) {
        stop()
        process.kill(process.pid, "SIGINT")
        return
      }
      if (sign === control.end || sign === "\n") return onEnd()
      if (sign === control.remove || sign === control.erase) text = [...text].slice(0, -1).join("")
      else if (sign === control.wipe) text = ""
      else text += sign
    }
    if (last !== pasted) onEnd()
  }
  stdin.setEncoding("utf8")
  if (stdin.isTTY) stdin.setRawMode(true)
  stdin.on("data", onData).on("end", onEnd).on("error", onEnd)
  stdin.resume()
  return stop
}
