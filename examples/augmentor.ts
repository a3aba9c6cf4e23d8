/**
 * An augmentor of your own: a rule that speaks before the built-in ones.
 *
 *     npx envtune tune examples/augmentor.ts --minutes 5    trains the paper's stages with it
 *     npx tsx examples/augmentor.ts                         shows what an agent is told, and was told without it
 */
import { runMain } from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer } from "effect"
import { Actionable, Augmentor, Drills, Episode, Paper, PolicyBabbling, rollout, Tasks } from "../src/index.ts"

/** Names a tool that helps, and leaves it to the agent how to call it. */
const pointer = Augmentor.rule("pointer", ({ needs = "" }, { providers, tools }) => {
  const offered = providers(needs).find((provider) => tools.some(({ name }) => name === provider.tool))
  return offered && `${offered.tool} may help with the ${needs.replaceAll("_", " ")}.`
})

/** What the tool itself says, then the first rule that knows more. */
export const augment = Augmentor.appended(Augmentor.firstOf(pointer, Actionable.hint))

export default Paper.drills(Drills.environment, { ...Paper.choices, augment })

export const main = Effect.gen(function*() {
  const { all } = yield* Tasks.Tasks
  const told = new Set<string>()
  for (const task of Tasks.ofPart(all, "train").slice(0, 40)) {
    for (const { call, hint, shown, standard, tool = "" } of Episode.outcomes(yield* rollout(task, { seed: 1 }))) {
      if (hint === undefined || told.has(tool)) continue
      told.add(tool)
      yield* Console.log(`${call}\n  without  ${standard}\n  ${hint}  ${shown}`)
    }
  }
}).pipe(Effect.provide([
  Drills.tasks({ seed: 1 }),
  Layer.provide(Drills.environment, Augmentor.layer(augment)),
  PolicyBabbling.layer
]))

if (import.meta.main) runMain(main)
