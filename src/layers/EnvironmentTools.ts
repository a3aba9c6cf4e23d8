/**
 * An environment of your own tools (domain/tools): a world per task, tools over it, requests turn by turn, and a check
 * of every turn.
 *
 * The layer asks for an augmentor, because what a failed call says is what a stage tunes. A tool or a check that throws
 * is a crash of the simulator: the episode is tried again and, when that does not help, counted as failed.
 */
import { Effect, Layer, Result, Schema } from "effect"
import * as Knowledge from "../domain/augment/Knowledge.ts"
import * as Augmentor from "../domain/Augmentor.ts"
import { CurriculumInvalid } from "../domain/Curriculum.ts"
import { Environment, EnvironmentError, type Session, SimulatorCrashed, TaskUnusable } from "../domain/Environment.ts"
import type { ToolDocument } from "../domain/Message.ts"
import type { Task } from "../domain/Task.ts"
import * as Conversation from "../domain/tools/Conversation.ts"
import { systemMessage } from "../domain/tools/Documents.ts"
import type { Tool } from "../domain/tools/Tool.ts"

export type { Check, Played, Request, Turn } from "../domain/tools/Conversation.ts"

export interface Options<Payload, State, R extends Conversation.Request> {
  /** What a task's payload has to be. Every episode decodes a copy of its own. */
  readonly payload: Schema.ConstraintDecoder<Payload>
  /** The world at the start of an episode. `seed` is the episode's, for a world that has chance in it. */
  readonly open: (payload: Payload, seed: number) => State
  /** What the agent can do in it. */
  readonly tools: ReadonlyArray<Tool<State>>
  /** What the user asks for, turn by turn; a request may carry what its check compares with. */
  readonly turns: (payload: Payload) => ReadonlyArray<R>
  /** Whether a turn that has just ended is passed, by the world as it now is and by what the agent did. */
  readonly check: (state: State, request: R, turn: Conversation.Turn) => Conversation.Check
  /** Resource -> the tools that provide it, best first: what a failure `needs`, and where to get it. */
  readonly providers?: Knowledge.Providers
  /** The system message that opens every episode; the training protocol and the tools as JSON when absent. */
  readonly system?: (tools: ReadonlyArray<ToolDocument>) => string
}

const invalid = (detail: string) => new CurriculumInvalid({ where: "environment of tools", detail })

/** Tools by name. Throws `CurriculumInvalid` when two are of one name, or a provider is none of them. */
const toolbox = <State>(
  tools: ReadonlyArray<Tool<State>>,
  providers: Knowledge.Providers
): ReadonlyMap<string, Tool<State>> => {
  const box = new Map(tools.map((tool) => [tool.name, tool]))
  const twice = tools.find(({ name }, i) => tools.findIndex((other) => other.name === name) !== i)
  if (twice !== undefined) throw invalid(`two tools are called "${twice.name}"`)
  for (const [resource, ways] of Object.entries(providers)) {
    const stranger = ways.find(({ tool }) => !box.has(tool))
    if (stranger !== undefined) throw invalid(`"${stranger.tool}", which is to provide ${resource}, is no tool`)
  }
  return box
}

/** The tools in the training protocol, in the words of whatever augmentor is provided. */
export const layer = <Payload, State, R extends Conversation.Request>(
  options: Options<Payload, State, R>
): Layer.Layer<Environment, never, Augmentor.Augmentor> => {
  const { check, providers = {}, system = systemMessage } = options
  const tools = toolbox(options.tools, providers)
  const documents = options.tools.map(({ document }) => document)
  const decode = Schema.decodeUnknownResult(Schema.toCodecJson(options.payload), { errors: "all" })

  const open = (task: Task, seed: number, augment: Augmentor.Augment) => {
    const attempt = <A>(run: () => A): Effect.Effect<A, EnvironmentError> =>
      Effect.try({
        try: run,
        catch: (cause) => new EnvironmentError({ reason: new SimulatorCrashed({ task: task.id, cause }) })
      })
    const unusable = (detail: string) => new EnvironmentError({ reason: new TaskUnusable({ task: task.id, detail }) })

    return Effect.gen(function*(): Effect.fn.Return<Session, EnvironmentError> {
      // A decoder may hand parts of its input on as they are, and tools may change what they get.
      const payload = decode(structuredClone(task.payload))
      if (Result.isFailure(payload)) return yield* unusable(`its payload does not fit: ${payload.failure.message}`)
      const requests = yield* attempt(() => options.turns(payload.success))
      const [first] = requests
      if (first === undefined) return yield* unusable("it has no turns")
      const state = yield* attempt(() => options.open(payload.success, seed))
      const knowledge = Knowledge.make(documents, [{ providers }], Augmentor.drawOf(seed))
      let conversation = Conversation.start({ tools, knowledge, requests, check }, state)
      return {
        start: {
          messages: [{ role: "system", content: system(documents) }, { role: "user", content: first.ask }],
          tools: documents,
          turns: requests.length
        },
        step: (message) =>
          attempt(() => {
            const { next, transition } = Conversation.step(conversation, message.content, augment)
            conversation = next
            return transition
          })
      }
    })
  }

  return Layer.effect(
    Environment,
    Effect.map(
      Augmentor.Augmentor,
      ({ augment }) => Environment.of({ open: (task, seed) => open(task, seed, augment) })
    )
  )
}

/** The same without augmentation: what evaluations use. */
export const layerStandard = <Payload, State, R extends Conversation.Request>(
  options: Options<Payload, State, R>
): Layer.Layer<Environment> => Layer.provide(layer(options), Augmentor.layerNone)
