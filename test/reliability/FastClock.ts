/**
 * A clock for very many fibers at once. Effect's TestClock waits ten real milliseconds before each instant at which a
 * fiber wakes; this one only lets the event loop turn until nothing happens any more.
 */
import process from "node:process"
import { setImmediate } from "node:timers/promises"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export class FastClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  private now: number
  private readonly sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  private slept = 0

  private readonly isBusy: () => boolean

  /** @param isBusy whether something is under way that takes real time. */
  constructor(now: number, isBusy: () => boolean = () => false) {
    this.now = now
    this.isBusy = isBusy
  }

  unsafeCurrentTimeMillis(): number {
    return this.now
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(this.now) * 1_000_000n
  }

  readonly currentTimeMillis = Effect.sync(() => this.unsafeCurrentTimeMillis())
  readonly currentTimeNanos = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async((resume) => {
      const sleeper = {
        until: this.now + Math.ceil(Duration.toMillis(duration)),
        wake: () => resume(Effect.void)
      }
      this.slept += 1
      this.sleepers.add(sleeper)
      return Effect.sync(() => this.sleepers.delete(sleeper))
    })
  }

  /**
   * Until no file is at work and nobody has fallen asleep or woken for some turns of the event loop: fibers that do no
   * other I/O are through by then.
   */
  private async quiet(): Promise<void> {
    let [seen, turns] = ["", 0]
    while (turns < 3) {
      await setImmediate()
      const now = `${this.slept} ${this.sleepers.size}`
      const isWriting = process
        .getActiveResourcesInfo()
        .some((name) => name.startsWith("FSReq") || name === "FileHandle")
      turns = now === seen && !isWriting && !this.isBusy() ? turns + 1 : 0
      seen = now
    }
  }

  /** Goes on from one waking to the next, for as long; answers how many there were. */
  async pass(duration: Duration.DurationInput): Promise<number> {
    const end = this.now + Duration.toMillis(duration)
    for (let woken = 0; ;) {
      await this.quiet()
      const next = Math.min(...Array.from(this.sleepers, ({ until }) => until))
      if (next > end) {
        this.now = end
        return woken
      }
      this.now = Math.max(this.now, next)
      for (const sleeper of this.sleepers) {
        if (sleeper.until > this.now) continue
        this.sleepers.delete(sleeper)
        sleeper.wake()
        woken += 1
      }
    }
  }
}
