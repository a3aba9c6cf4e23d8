/** What a prepared run would take: the ground truth of some tasks is played, and counted in the model's own tokens. */
import { Effect, Layer, Option, Result } from "effect"
import * as Augmentor from "../domain/Augmentor.ts"
import { Engine } from "../domain/Engine.ts"
import type { Episode } from "../domain/Episode.ts"
import * as Forecast from "../domain/Forecast.ts"
import type { Message } from "../domain/Message.ts"
import { Renderer } from "../domain/Renderer.ts"
import { mean } from "../domain/Statistics.ts"
import type { Task } from "../domain/Task.ts"
import { ofPart, Tasks } from "../domain/Tasks.ts"
import { select } from "./evaluate.ts"
import type { Prepared } from "./prepare.ts"
import { rollout } from "./rollout.ts"
import { heeded } from "./run.ts"
import { StageEmpty } from "./tune.ts"

export interface StageForeseen {
  readonly name: string
  /** Training tasks that it chooses from. */
  readonly tasks: number
  /** Of episodes that do what the ground truth does; absent where there is none to play. */
  readonly size?: Forecast.EpisodeSize
  /** Absent where the stage may go on for ever, or where sizes are not known. */
  readonly forecast?: Forecast.StageForecast
}

export interface Foreseen {
  readonly stages: ReadonlyArray<StageForeseen>
  /** Before and after together; absent where no task is held out. */
  readonly evaluation?: StageForeseen
  /** Of the model; absent where neither the engine nor the user says. */
  readonly parameters?: number
}

/** How many tasks of a stage are played. */
const played = 24

/** Some of them, evenly spread. */
const some = (tasks: ReadonlyArray<Task>): ReadonlyArray<Task> =>
  tasks.filter((_, i) => Math.floor(i * played / tasks.length) !== Math.floor((i - 1) * played / tasks.length))

const sizeOf = Effect.fnUntraced(function*(task: Task, seed: number) {
  const renderer = yield* Renderer
  const episode: Episode = yield* rollout(task, { seed })
  const messages = episode.steps.flatMap(({ completion, observed }) => [...observed, completion.message])
  const count = (conversation: ReadonlyArray<Message>) =>
    Effect.fromResult(Result.map(renderer.open([]).prompt(conversation), ({ length }) => length))
  const context = yield* count(messages)
  const silent = yield* count(
    messages.map((message) => message.role === "assistant" ? { role: message.role, content: "" } : message)
  )
  return { steps: episode.steps.length, context, sampled: context - silent }
})

const meanOf = (sizes: ReadonlyArray<Forecast.EpisodeSize>): Forecast.EpisodeSize => ({
  steps: mean(sizes.map(({ steps }) => steps)),
  context: mean(sizes.map(({ context }) => context)),
  sampled: mean(sizes.map(({ sampled }) => sampled))
})

/** Fails as the run would before it starts: of an engine that is not there, or would not do what a stage says. */
export const foresee = Effect.fn("foresee")(function*(
  { curriculum, options: { evaluation, seed }, services, world }: Prepared,
  parameters: number | undefined
) {
  return yield* Effect.gen(function*() {
    const engine = yield* Engine
    const { info, ppo } = engine
    yield* heeded(info, curriculum)
    const { forwardPasses = 0, noReference } = info.capabilities
    const computing = { forwardPasses, ppo: ppo !== undefined, reference: noReference === undefined }
    const { all } = yield* Tasks
    const train = ofPart(all, "train")
    const sizeOfSome = Effect.fnUntraced(function*(tasks: ReadonlyArray<Task>) {
      const sizes = yield* Effect.option(
        Effect.forEach(some(tasks), (task) => sizeOf(task, seed)).pipe(
          Effect.provide([Layer.provide(curriculum.environment, Augmentor.layerNone), world.oracle])
        )
      )
      return Option.getOrUndefined(Option.map(sizes, meanOf))
    })
    const stages: Array<StageForeseen> = []
    for (const stage of curriculum.stages) {
      const tasks = train.filter(stage.tasks)
      if (tasks.length === 0) {
        return yield* new StageEmpty({ stage: stage.name, trainTasks: train.length })
      }
      const size = yield* sizeOfSome(tasks)
      const updates = Forecast.boundOf(stage.advance)
      stages.push({
        name: stage.name,
        tasks: tasks.length,
        ...(size !== undefined && { size }),
        ...(size !== undefined && updates !== undefined
          && { forecast: Forecast.ofStage(stage.settings, updates, size, computing) })
      })
    }
    const known = parameters ?? (info.parameters > 0 ? info.parameters : undefined)
    const heldOut = select(all, evaluation)
    const size = heldOut.length === 0 ? undefined : yield* sizeOfSome(heldOut)
    const foreseen: Foreseen = {
      stages,
      ...(heldOut.length > 0 && {
        evaluation: {
          name: "before and after",
          tasks: heldOut.length,
          ...(size !== undefined && {
            size,
            forecast: Forecast.ofEvaluation(2 * heldOut.length * evaluation.samples, size)
          })
        }
      }),
      ...(known !== undefined && { parameters: known })
    }
    return foreseen
  }).pipe(Effect.provide(services))
})
