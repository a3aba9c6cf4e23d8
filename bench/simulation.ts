/** How fast whole runs are simulated: episodes a second, in virtual time, with everything going wrong that can. */
import { Effect } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { positive } from "../src/programs/commands/flags.ts"
import { attempts, simulate } from "../test/programs/simulation.ts"
import * as Figures from "./Figures.ts"

export interface Options {
  /** Runs, each in a world of its own. */
  readonly worlds: number
}

export const measure = Effect.fnUntraced(function*({ worlds }: Options) {
  let episodes = 0
  let hours = 0
  const all = Effect.forEach(
    Array.from({ length: worlds }, (_, seed) => seed),
    (seed) =>
      Effect.map(simulate(seed), (simulated) => {
        episodes += attempts(simulated).length
        const end = simulated.events.at(-1)
        if (end?._tag === "RunEnded") hours += end.seconds / 3600
      }),
    { discard: true }
  )
  yield* simulate(worlds)
  const { cpu, seconds } = yield* Figures.spent(all)
  const findings: Figures.Findings = {
    bench: "simulation",
    about: `${worlds} runs of ${episodes} episodes and ${hours.toFixed(1)} virtual hours in all`,
    figures: [
      { name: "episodes by the wall clock", value: episodes / seconds, unit: "episodes / s" },
      { name: "episodes by CPU", value: episodes / cpu, unit: "episodes / CPU s" }
    ]
  }
  return findings
})

export const command = Command.make(
  "simulation",
  {
    worlds: positive("worlds").pipe(Flag.withDefault(50), Flag.withDescription("Runs, each in a world of its own")),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures how fast whole runs are simulated in virtual time"))
