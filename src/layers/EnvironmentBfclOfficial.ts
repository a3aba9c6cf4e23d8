/**
 * BFCL's official evaluation as an environment: the function-calling loop or the prompting loop.
 *
 * It asks for nothing, an augmentor least of all: what a benchmark says cannot be tuned.
 */
import { Effect, Layer, Result } from "effect"
import * as Documents from "../domain/bfcl/Documents.ts"
import type { Entry } from "../domain/bfcl/Entry.ts"
import * as Official from "../domain/bfcl/Official.ts"
import { Environment, type Session } from "../domain/Environment.ts"
import { preparing } from "./BfclTask.ts"

export interface Options extends Official.Options {
  readonly documents: Documents.Documents
}

const openSession = (entry: Entry, { tools, turns }: Official.Script, options: Options): Session => {
  let conversation = Official.start(entry, turns, options)
  return {
    start: { messages: turns[0] ?? [], tools, turns: turns.length },
    step: (message) =>
      Effect.sync(() => {
        const { next, transition } = Official.step(conversation, message)
        conversation = next
        return transition
      })
  }
}

export const layer = (options: Options): Layer.Layer<Environment> =>
  Layer.sync(Environment, () => {
    const preparedOf = preparing((entry) => ({
      entry,
      script: Official.script(entry, Documents.compile(entry, options.documents), options.mode)
    }))
    return Environment.of({
      open: (task) =>
        Effect.suspend(() =>
          Effect.fromResult(
            Result.map(preparedOf(task), ({ entry, script }) => openSession(entry, script, options))
          )
        )
    })
  })
