/**
 * Episodes whose every message is known beforehand.
 *
 * A task is played in three ways, so that the members of a group differ and there is something to train on: by the ground
 * truth, by the ground truth after a malformed message and a call that fails, and by answers alone.
 */
import { Effect, Layer, Result } from "effect"
import { type Entry, groundTruth, ofTask } from "../src/domain/bfcl/Entry.ts"
import { callMessage } from "../src/domain/bfcl/GroundTruth.ts"
import { codec, type Vocabulary } from "../src/domain/drills/Vocabulary.ts"
import { Engine } from "../src/domain/Engine.ts"
import type { Message } from "../src/domain/Message.ts"
import { type Completion, Policy } from "../src/domain/Policy.ts"
import type { Task } from "../src/domain/Task.ts"
import * as PolicyEngine from "../src/layers/PolicyEngine.ts"
import * as RendererCompact from "../src/layers/RendererCompact.ts"
import { rollout } from "../src/programs/rollout.ts"

/** Stands for the number of an episode: what no episode said before has to be read anew. */
const mark = "NNN"

const answer = `<think></think>\n<answer>Done ${mark}.</answer>`

const failing = `<think></think>\n<tool_call>\n[{"name": "unknown_${mark}", "arguments": {}}]\n</tool_call>`

export const entryOf = (task: Task): Entry =>
  Result.getOrThrowWith(ofTask(task), (detail) => new Error(`${task.id}: ${detail}`))

/** The ground truth: the calls of a turn in one message, then an answer. */
export const gold = (entry: Entry): ReadonlyArray<string> =>
  groundTruth(entry).flatMap((calls) => calls.length === 0 ? [answer] : [callMessage(calls), answer])

type Script = (entry: Entry) => ReadonlyArray<string>

const slips: Script = (entry) => entry.turns[0]?.groundTruth.length === 0 ? gold(entry) : ["", failing, ...gold(entry)]

const silent: Script = (entry) => entry.turns.map(() => answer)

/** Half of a group plays the ground truth. */
const ways: ReadonlyArray<Script> = [gold, gold, slips, silent]

/** An engine that samples a task's script; its families end with the task's id, as `rollout`'s and `collect`'s do. */
const scripted = (
  tasks: ReadonlyArray<Task>,
  vocabulary: Vocabulary,
  wayOf: (seed: number) => number
): Layer.Layer<Engine> => {
  const own = codec(vocabulary)
  const completions = new Map(tasks.map((task) => [
    task.id,
    ways.map((way) => way(entryOf(task)).map((text) => Int32Array.from(own.encode(text))))
  ]))
  const unused = Effect.die("a scripted engine only samples")
  return Layer.sync(Engine, () => {
    const said = new Map<string, number>()
    return Engine.of({
      info: {
        name: "scripted",
        parameters: 0,
        vocabularySize: vocabulary.size,
        contextLength: 1 << 20,
        capabilities: { entropyGradient: false }
      },
      sample: ({ family = "", session = "" }) =>
        Effect.sync(() => {
          const at = said.get(session) ?? 0
          said.set(session, at + 1)
          const seed = Number(session.slice(family.length + 1))
          const scripts = completions.get(family.slice(family.lastIndexOf("/") + 1))
          const tokens = scripts?.[wayOf(seed)]?.[at] ?? new Int32Array(0)
          return { tokens, logprobs: Float32Array.from(tokens, (token) => -token / 1000), stop: "stop" }
        }),
      forward: () => unused,
      forwardBackward: () => unused,
      optimStep: () => unused,
      freezeReference: unused,
      save: () => unused,
      load: () => unused
    })
  })
}

const wayOf = (seed: number): number => seed % ways.length

/** A policy that renders, samples scripts and parses, as the policy of a real engine does. */
export const policyRendering = (tasks: ReadonlyArray<Task>, vocabulary: Vocabulary): Layer.Layer<Policy> =>
  Layer.provide(PolicyEngine.layer, [scripted(tasks, vocabulary, wayOf), RendererCompact.layer(vocabulary)])

/** What is said in the episode of a task that a seed is for. */
export type Recorded = (task: Task, seed: number) => ReadonlyArray<Completion>

/** Plays every task in every way, in whatever environment is provided. */
export const record = Effect.fnUntraced(function*(tasks: ReadonlyArray<Task>, vocabulary: Vocabulary) {
  const played = yield* Effect.forEach(
    ways,
    (_, way) =>
      Effect.forEach(tasks, (task) => rollout(task, { seed: 0 })).pipe(
        Effect.provide(
          Layer.provide(PolicyEngine.layer, [
            scripted(tasks, vocabulary, () => way),
            RendererCompact.layer(vocabulary)
          ])
        )
      )
  )
  const completions = played.map((episodes) =>
    new Map(episodes.map(({ steps, task }) => [task.id, steps.map(({ completion }) => completion)]))
  )
  const recorded: Recorded = (task, seed) => completions[wayOf(seed)]?.get(task.id) ?? []
  return recorded
})

/** A recorded message in an episode of its own. */
export const messageOf = ({ message }: Completion, seed: number): Message => ({
  ...message,
  content: message.content.replace(mark, String(seed))
})

/** A policy that answers from memory, in next to no time. */
export const policyRecorded = (recorded: Recorded): Layer.Layer<Policy> =>
  Layer.succeed(
    Policy,
    Policy.of({
      open: ({ seed, task }) =>
        Effect.sync(() => {
          const completions = recorded(task, seed)
          let at = 0
          return {
            act: () =>
              Effect.sync(() => {
                const completion = completions[at++]
                if (completion === undefined) throw new Error(`${task.id}: the script is over`)
                return { ...completion, message: messageOf(completion, seed) }
              })
          }
        })
    })
  )
