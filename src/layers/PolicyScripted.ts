/**
 * A policy that is a function: for tests, and for answers recorded elsewhere.
 *
 * Its tokens are the code points of its text, with a constant log-prob, so that everything
 * which needs tokens (segments, records, trainers) can be run without a model.
 */
import { Effect, Layer } from "effect"
import type { Message } from "../domain/Message.ts"
import { type Completion, type EpisodeContext, Policy, PolicyError, PolicyRefused } from "../domain/Policy.ts"
import type { Task } from "../domain/Task.ts"

const logprob = -0.5

/** What a script says: the text of a message, or a whole one, with tool calls. */
export type Said = string | Message

const spelling = ({ content, toolCalls = [] }: Message): string =>
  content + toolCalls.map(({ arguments: given, name }) => `${name}(${given})`).join("")

const spell = (text: string): ReadonlyArray<number> => Array.from(text, (character) => character.codePointAt(0) ?? 0)

/** Answers with what `respond` says to the conversation so far; its failures are the policy's. */
export const layerEffect = (
  respond: (conversation: ReadonlyArray<Message>, context: EpisodeContext) => Effect.Effect<Said, PolicyError>
): Layer.Layer<Policy> =>
  Layer.succeed(
    Policy,
    Policy.of({
      open: (context) =>
        Effect.sync(() => {
          const conversation: Array<Message> = []
          const tokens: Array<number> = []
          return {
            act: Effect.fnUntraced(function*(messages: ReadonlyArray<Message>) {
              conversation.push(...messages)
              for (const message of messages) tokens.push(...spell(`${message.role}: ${message.content}\n`))
              const answer = yield* respond(conversation, context)
              const message: Message = typeof answer === "string" ? { role: "assistant", content: answer } : answer
              const said = spell(`${spelling(message)}\n`)
              const completion: Completion = {
                message,
                tokens: {
                  prompt: Int32Array.from(tokens),
                  completion: Int32Array.from(said),
                  logprobs: Float32Array.from(said, () => logprob)
                },
                stop: "stop"
              }
              conversation.push(message)
              tokens.push(...said)
              return completion
            })
          }
        })
    })
  )

/** As `layerEffect`, for a function that cannot fail. */
export const layer = (
  respond: (conversation: ReadonlyArray<Message>, context: EpisodeContext) => Said
): Layer.Layer<Policy> => layerEffect((conversation, context) => Effect.sync(() => respond(conversation, context)))

const over = (messages: number, task: Task): PolicyError =>
  new PolicyError({
    reason: new PolicyRefused({
      detail: `${messages} messages are scripted for task ${task.id}, and one more was asked for`
    })
  })

/** The message after those that were said before; refused when the script is over. */
const nextOf = (
  script: ReadonlyArray<Said>,
  conversation: ReadonlyArray<Message>,
  { task }: EpisodeContext
): Effect.Effect<Said, PolicyError> => {
  const said = conversation.filter((message) => message.role === "assistant").length
  const next = script[said]
  return next === undefined ? Effect.fail(over(said, task)) : Effect.succeed(next)
}

/** Gives these completions in order, as they are, in every episode. An episode that asks for more is refused. */
export const replaying = (completions: ReadonlyArray<Completion>): Policy["Service"] =>
  Policy.of({
    open: ({ task }) =>
      Effect.sync(() => {
        let next = 0
        return {
          act: () =>
            Effect.suspend(() => {
              const completion = completions[next++]
              return completion === undefined ? Effect.fail(over(completions.length, task)) : Effect.succeed(completion)
            })
        }
      })
  })

/** Says these messages in order, in every episode. An episode that asks for more is refused. */
export const layerSaying = (script: ReadonlyArray<Said>): Layer.Layer<Policy> =>
  layerEffect((conversation, context) => nextOf(script, conversation, context))

/** Plays recorded messages: task id -> assistant messages in order. A task without any, or with too few, is refused. */
export const layerRecorded = (scripts: ReadonlyMap<string, ReadonlyArray<Said>>): Layer.Layer<Policy> =>
  layerEffect((conversation, context) => nextOf(scripts.get(context.task.id) ?? [], conversation, context))
