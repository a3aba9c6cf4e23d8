/**
 * Plays the ground truth of BFCL tasks: every call of a turn in one message, then an answer; an answer alone where
 * nothing can be done yet. What it does not pass is a fault of the environment or the data.
 */
import { Effect, Layer, Result } from "effect"
import { groundTruth, ofTask } from "../domain/bfcl/Entry.ts"
import { answerMessage, callMessage } from "../domain/bfcl/GroundTruth.ts"
import { Policy, PolicyError, PolicyRefused } from "../domain/Policy.ts"

/** The whole script of an episode, message by message. */
const script = (turns: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  turns.flatMap((calls) => calls.length === 0 ? [answerMessage] : [callMessage(calls), answerMessage])

const refused = (detail: string): PolicyError => new PolicyError({ reason: new PolicyRefused({ detail }) })

export const layer: Layer.Layer<Policy> = Layer.succeed(
  Policy,
  Policy.of({
    open: Effect.fnUntraced(function*({ task }) {
      const entry = yield* Effect.fromResult(
        Result.mapError(ofTask(task), (detail) => refused(`${task.id}: ${detail}`))
      )
      const messages = script(groundTruth(entry))
      let next = 0
      return {
        act: () =>
          Effect.suspend(() => {
            const content = messages[next++]
            return content === undefined
              ? Effect.fail(refused(`${task.id} asks for more than its ground truth of ${messages.length} messages`))
              : Effect.succeed({ message: { role: "assistant" as const, content }, stop: "stop" as const })
          })
      }
    })
  })
)
