import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/**
 * How patient a run is. Coolify allows 200 requests a minute: a poll takes less than half of them, and the client
 * spreads its requests when they run short.
 */
export class Pace extends Context.Reference<Pace>()("fabrik/engine/Pace", {
  defaultValue: () => ({
    firstPoll: Duration.millis(300),
    slowestPoll: Duration.millis(750),
    /** Between two looks at a deployment; several runs look together. */
    slowestFollow: Duration.millis(750),
    /** How long one undo may take, its retries and an absence of the API included. */
    undoBudget: Duration.minutes(6),
    /** How long one deployment may take from its start on; Coolify itself stops builds after an hour. */
    deployment: Duration.minutes(65),
    /** How long it may wait for its start: a server builds as many at once as its `concurrent_builds` says, two by default. */
    queue: Duration.hours(2),
    /** Between two looks at one that waits. */
    slowestQueued: Duration.seconds(3),
    /** How long a database may take to take connections, its image's download included. */
    database: Duration.minutes(10),
    /** How long nothing may be heard of a compose file's containers that are to come up; an image's download included. */
    serviceStart: Duration.minutes(5),
    /** How long Coolify may take to read a new application's compose file in its repository; seen: 11 s. */
    composeFile: Duration.seconds(60),
    /** How long Coolify may take to report an application as stopped. */
    stop: Duration.seconds(90),
    /** How long a request may still take effect whose answer was lost, or was a gateway's: it works on behind that. */
    lateEffects: Duration.seconds(60),
    /** Coolify's status lags by up to a minute behind a container that it does not probe. */
    statusSettle: Duration.seconds(75),
    /** How long is looked who answers once a failed update is undone. */
    lookBack: Duration.seconds(5),
    /** Multiplies the spec's `healthcheck.settle`; 0: nothing runs that could be watched. */
    settling: 1,
    /** Between two looks at whether an application stays up. */
    watch: Duration.millis(500),
    /** Between the first two looks at a container's log while it comes up; later ones are further apart. */
    firstWatch: Duration.seconds(1),
    /** Between a good health answer and the one that confirms it. */
    confirmHealth: Duration.seconds(1),
    /** Between two attempts at the health check it is looked so often, for so long after the deployment. */
    lookHealthy: { every: Duration.millis(150), lasts: Duration.seconds(10) },
    /** Between a good round of the name servers and the one that confirms it. */
    confirmDns: Duration.millis(250),
    /** How long every name server may take to answer right. */
    propagation: Duration.minutes(10),
    /** How much longer than the application itself its certificate may take: Let's Encrypt answers within a minute or two. */
    certificate: Duration.minutes(3),
    /** What `QueueFull` waits when the API does not say. */
    queueFull: Duration.seconds(60)
  })
}) {}

type PaceSettings = (typeof Pace)["Service"]

/** The same for one of so many runs at once: together they ask twice as often as one alone, and leave room for writes. */
export const paceAmong = (pace: PaceSettings, runs: number): PaceSettings => {
  const times = Math.max(1, runs / 2)
  return {
    ...pace,
    slowestPoll: Duration.times(pace.slowestPoll, times),
    // One request for all of them: more runs do not need a slower one, but the room for writes.
    slowestFollow: Duration.times(pace.slowestFollow, Math.min(times, 4)),
    watch: Duration.times(pace.watch, times)
  }
}

/** Growing waits, soon about as long as `slowestPoll`, for at most `limit`. */
export const pollFor = (pace: PaceSettings, limit: Duration.Duration) =>
  Schedule.exponential(pace.firstPoll, 1.5).pipe(
    Schedule.union(Schedule.spaced(pace.slowestPoll)),
    Schedule.upTo(limit)
  )

/** Repeats `read` until `done` holds or the schedule ends; answers what it read last. */
export const pollUntil = <A, E, R>(
  read: Effect.Effect<A, E, R>,
  done: (value: A) => boolean,
  schedule: Schedule.Schedule<unknown>
): Effect.Effect<A, E, R> => Effect.flatMap(read, (first) => pollFrom(first, read, done, schedule))

/** {@link pollUntil}, for a value that has been read already. */
export const pollFrom = <A, E, R>(
  first: A,
  read: Effect.Effect<A, E, R>,
  done: (value: A) => boolean,
  schedule: Schedule.Schedule<unknown>
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const driver = yield* Schedule.driver(schedule)
    let last = first
    while (!done(last)) {
      if ((yield* Effect.either(driver.next(undefined)))._tag === "Left") break
      const started = yield* Clock.currentTimeMillis
      last = yield* read
      if (!done(last)) yield* Effect.sleep(restAfter((yield* Clock.currentTimeMillis) - started))
    }
    return last
  })

/**
 * A read that takes long is asked for less often: a build log of many megabytes comes whole with each answer. What took
 * longer than any answer does has waited for an API that was away.
 */
const restAfter = (millis: number): Duration.Duration =>
  Duration.millis(millis <= 250 || millis > 10_000 ? 0 : Math.min(3 * millis - 750, 4000))
