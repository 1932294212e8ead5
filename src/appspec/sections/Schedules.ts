/** `schedules`: commands that are run in the application's container over and over. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { defaulted, flag, integer, map, record, text, wrongKind } from "../Form.ts"
import { ranges, schedulePattern } from "../Limits.ts"
import { type Complaint, quote } from "../Report.ts"
import { When } from "./Cron.ts"

/** A command and when it is run. */
export interface Schedule {
  readonly name: string
  readonly cron: string
  /** As a shell reads it. */
  readonly command: string
  /** In seconds. */
  readonly timeout: number
  readonly enabled: boolean
}

const form = '`NAME: { cron: "0 3 * * *", command: bin/cleanup }`'

/** Longer ones are not recorded, and Coolify's other commands have columns of so many characters. */
const longestCommand = 255

const command = (given: string): Either.Either<string, Complaint> => {
  const written = given.trim()
  const complaint = (message: string, hint: string) => Either.left({ message, hint })
  if (written === "") return complaint("the command is empty", "e.g. `command: bin/cleanup`")
  if (/[^\P{Cc}\n\t]/u.test(written)) {
    return complaint("the command has a character that no shell reads", "take it out")
  }
  return [...written].length <= longestCommand
    ? Either.right(written)
    : complaint(
        `Coolify keeps ${longestCommand} characters of a command, and this one has ${[...written].length}`,
        "put it into a script that the image has"
      )
}

const schedule = map(
  {
    cron: When("When it is run"),
    command: text(
      {
        description: "What a shell in the container runs",
        examples: ["bin/cleanup --older-than 30"],
        pattern: /^(?=[\s\S]*\S)[\s\S]+$/,
        numeral: true
      },
      command
    ),
    timeout: defaulted(integer(ranges.scheduleTimeout, { description: "Seconds that a run may take" }), 300),
    enabled: defaulted(flag({ description: "Whether it is run at all" }), true)
  },
  {
    description: "A command that Coolify runs in the application's container",
    hint: form,
    missing: ({ path }) => ({ message: `\`${path}\` needs both \`cron\` and \`command\``, hint: form }),
    elsewhere: {
      schedule: "did you mean `cron`?",
      frequency: "did you mean `cron`?",
      run: "did you mean `command`?",
      script: "did you mean `command`?",
      container: "an application has one container: remove it"
    }
  }
)

export const Schedules = record(schedulePattern, schedule, {
  description:
    "Commands that Coolify runs in the application's container over and over, each with a name of its own",
  value: (field) => wrongKind(field, "a map of schedules", form),
  key: (name) => ({
    message: `${quote(name)} cannot name a schedule`,
    hint: "letters, digits, blanks between them and `-_.@/&()#,:+`, at most 255"
  })
})
type Given = typeof Schedules.Type

export const schedulesIn = (given: Given = {}): { readonly schedules?: ReadonlyArray<Schedule> } => {
  const schedules = Object.entries(given).map(([name, one]) => ({ name, ...one }))
  return schedules.length === 0 ? {} : { schedules }
}

/** As {@link schedulesIn} reads them. */
export const schedulesOut = (schedules: ReadonlyArray<Schedule> = []): { readonly schedules?: Given } =>
  schedules.length === 0
    ? {}
    : { schedules: Object.fromEntries(schedules.map(({ name, ...one }) => [name, one])) }

/** Whether a spec can say it, just so. */
export const isSchedule = (schedule: Schedule): boolean => {
  const { name, ...said } = schedule
  const read = Schema.decodeEither(Schedules)({ [name]: said })
  return Either.match(read, {
    onLeft: () => false,
    onRight: (given) => JSON.stringify(schedulesIn(given).schedules) === JSON.stringify([schedule])
  })
}
