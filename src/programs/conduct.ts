/** Conducts a run for whoever watches: shows it while it is recorded, and then says what came of it. */
import { Console, Effect, Layer, Path } from "effect"
import type { RunStore } from "../domain/RunStore.ts"
import { Tasks } from "../domain/Tasks.ts"
import * as RunFolder from "../layers/RunFolder.ts"
import { type EvaluateOptions, select } from "./evaluate.ts"
import { layerMetered } from "./meter.ts"
import type { Prepared } from "./prepare.ts"
import { writeReport } from "./report.ts"
import { type Resumed, run, type RunOptions, type RunResult } from "./run.ts"
import * as Show from "./show.ts"
import * as Tables from "./tables.ts"

export interface Conducting<E, R> {
  readonly folder: string
  /** Made once everything else is there, so that a mistake leaves no folder behind. */
  readonly store: Layer.Layer<RunStore, E, R>
  readonly json: boolean
  readonly resumed?: Resumed
}

const sizeOf = (evaluation: EvaluateOptions) =>
  Tasks.useSync(({ all }) => select(all, evaluation).length * evaluation.samples)

/** Runs with what was prepared for it, whose services are provided. */
const recorded = Effect.fnUntraced(function*<E, R>(
  { curriculum, options: { evaluation, ...others } }: Prepared,
  { folder, json, resumed, store }: Conducting<E, R>
) {
  const path = yield* Path.Path
  const evaluationSize = yield* sizeOf(evaluation)
  const show = yield* Show.make({ json, evaluationSize })
  const options: RunOptions = {
    ...others,
    // A curriculum with tasks of its own may have none to hold out.
    ...(evaluationSize > 0 && { evaluation }),
    watch: show.played,
    weights: (name) => {
      const recorded = `${RunFolder.files.checkpoints}/${name}`
      return { path: path.join(folder, recorded), recorded }
    }
  }
  return yield* run(curriculum, options, resumed).pipe(
    Effect.provide(Layer.provide(Show.layerShown(show), Layer.provide(layerMetered, store)))
  )
}, Effect.scoped)

/** What a finished run has to say for itself. */
const conclusion = (folder: string, report: string, { after, before }: RunResult): ReadonlyArray<string> => [
  "",
  ...(before === undefined || after === undefined ? [] : [...Tables.comparison(before, after), ""]),
  `run     ${folder}`,
  `report  ${report}`
]

/** A whole run or the rest of one, with its report. */
export const conduct = Effect.fn("conduct")(function*<E, R>(prepared: Prepared, conducting: Conducting<E, R>) {
  const { folder, json } = conducting
  const result = yield* Effect.provide(recorded(prepared, conducting), prepared.services).pipe(
    Effect.onInterrupt(() =>
      Console.error(
        `interrupted; the record and the weights so far are in ${folder}, and envtune resume ${folder} goes on`
      )
    )
  )
  const report = yield* writeReport(folder, undefined)
  if (json) return yield* Console.log(JSON.stringify({ _tag: "Written", folder, report }))
  yield* Effect.forEach(conclusion(folder, report, result), (line) => Console.log(line), { discard: true })
})
