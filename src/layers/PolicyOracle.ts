/**
 * Plays the ground truth of BFCL tasks: every call of a turn in one message, then an answer; an answer alone where
 * nothing can be done yet. What it does not pass is a fault of the environment or the data.
 */
import { Effect, Layer, Result } from "effect"
import { groundTruth, ofTask } from "../domain/bfcl/Entry.ts"
import { officialTurn, trainingTurn } from "../domain/bfcl/GroundTruth.ts"
import type { Mode } from "../domain/bfcl/Official.ts"
import type { Message } from "../domain/Message.ts"
import { Policy, PolicyError, PolicyRefused } from "../domain/Policy.ts"

const refused = (detail: string): PolicyError => new PolicyError({ reason: new PolicyRefused({ detail }) })

const playing = (say: (calls: ReadonlyArray<string>) => ReadonlyArray<Message>): Layer.Layer<Policy> =>
  Layer.succeed(
    Policy,
    Policy.of({
      open: Effect.fnUntraced(function*({ task }) {
        const entry = yield* Effect.fromResult(
          Result.mapError(ofTask(task), (detail) => refused(`${task.id}: ${detail}`))
        )
        const messages = groundTruth(entry).flatMap(say)
        let next = 0
        return {
          act: () =>
            Effect.suspend(() => {
              const message = messages[next++]
              return message === undefined
                ? Effect.fail(refused(`${task.id} asks for more than its ground truth of ${messages.length} messages`))
                : Effect.succeed({ message, stop: "stop" as const })
            })
        }
      })
    })
  )

/** In the training protocol. */
export const layer: Layer.Layer<Policy> = playing(trainingTurn)

/** In an official loop. */
export const layerOfficial = (mode: Mode): Layer.Layer<Policy> => playing((calls) => officialTurn(calls, mode))
