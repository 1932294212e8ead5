// What the way to the APIs costs a run, on a clock that leaps over what nobody has to wait for.
import process from "node:process"
import { inProcess } from "./fleets.mjs"

const roundTrip = 100
const applying = ["apply", "specs", "--yes", "--quiet"]

/** The longest chain of requests of which each began when the one before it was answered, in milliseconds and calls. */
const longestChain = (timeline) => {
  const before = []
  for (const { began, ended } of timeline.toSorted((one, other) => one.began - other.began)) {
    const longest = before
      .filter((one) => one.ended <= began)
      .reduce((so, one) => (one.millis > so.millis ? one : so), { millis: 0, calls: 0 })
    before.push({ ended, millis: longest.millis + ended - began, calls: longest.calls + 1 })
  }
  return before.reduce((so, one) => (one.millis > so.millis ? one : so))
}

const lasted = (timeline) =>
  Math.max(...timeline.map(({ ended }) => ended)) - Math.min(...timeline.map(({ began }) => began))

/** The longest time between two looks at a deployment that goes on for so long. */
const betweenLooks = (timeline) => {
  const looks = timeline.filter(({ what }) => /^GET .*\/deployments\/[a-z0-9]+$/.test(what))
  return Math.max(...looks.slice(1).map(({ began }, index) => began - looks[index].began))
}

export const latency = async (places) => {
  const { runFleet } = await inProcess(places)
  const applied = async (options) => {
    const [row] = await runFleet(1, [applying], options)
    if (row.status !== 0) throw new Error(`an apply exited ${row.status}\n${row.stderr}`)
    return row.timeline
  }
  const near = await applied({ roundTrip: 0 })
  const far = await applied({ roundTrip })
  const chain = longestChain(far)
  return {
    near: lasted(near),
    far: lasted(far),
    calls: chain.calls,
    chain: chain.millis,
    ratio: Number(((lasted(far) - lasted(near)) / chain.millis).toFixed(3)),
    look: betweenLooks(await applied({ roundTrip, build: "5 minutes" }))
  }
}

export const showLatency = ({ calls, chain, far, look, near, ratio }) => {
  console.log(
    `\na first apply with ${roundTrip} ms more for each request: ${far} ms, ${far - near} ms more, its longest chain of ${calls} calls takes ${chain} ms`
  )
  const bounds = [
    [ratio, 1.05, `what is added is within 1.05x of that chain: ${ratio}x`],
    [look, 1000 + roundTrip, `a deployment of ten minutes is looked at each second: at most ${look} ms`]
  ]
  for (const [seen, most, says] of bounds) {
    console.log(`  ${seen <= most ? "held" : "MISSED"}: ${says}`)
    if (seen > most) process.exitCode = 1
  }
}
