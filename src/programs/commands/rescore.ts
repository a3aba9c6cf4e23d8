/** `envtune rescore`: another reward over the episodes of a run. */
import { Console, Effect, Option, Stream } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { advantages, rescore as rescoreRun, rewards, summarise } from "../rescore.ts"
import * as Tables from "../tables.ts"

export const rescore = Command.make(
  "rescore",
  {
    run: Argument.String("run").pipe(Argument.withDescription("The folder of a run, finished or not")),
    reward: Flag.String("reward").pipe(
      Flag.withDescription(
        `${Object.keys(rewards).join(", ")}, or a TypeScript file that exports a rule as \`reward\`; `
          + "the recorded scores when absent"
      ),
      Flag.optional
    ),
    advantage: Flag.Literals("advantage", advantages).pipe(
      Flag.withDefault("group-relative"),
      Flag.withDescription("How an episode is compared with its group")
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print every episode as a line of JSON: its score and advantage, recorded and new")
    )
  },
  Effect.fn(function*({ advantage, json, reward, run }) {
    const groups = yield* rescoreRun(run, {
      advantage,
      ...(Option.isSome(reward) && { reward: reward.value })
    })
    if (json) {
      return yield* groups.pipe(
        Stream.flatMap(({ episodes }) => Stream.fromIterable(episodes)),
        Stream.runForEach((episode) => Console.log(JSON.stringify(episode)))
      )
    }
    for (const line of Tables.rescored(yield* summarise(groups))) yield* Console.log(line)
  })
).pipe(
  Command.withDescription("Score the episodes of a run with another reward or advantage, and sample nothing"),
  Command.withExamples([
    { command: "envtune rescore runs/mine --reward binary", description: "What the paper's ablation would have seen" },
    { command: "envtune rescore runs/mine --reward examples/reward.ts", description: "A reward of your own" }
  ])
)
