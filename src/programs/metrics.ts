/** Puts what a run measures where teams look: TensorBoard's event files, while the run is on or after it. */
import { Effect, FileSystem, Path, Stream } from "effect"
import type { Progress } from "../domain/RunView.ts"
import * as Scalars from "../domain/Scalars.ts"
import * as TensorBoard from "../domain/TensorBoard.ts"
import * as Folder from "../layers/Folder.ts"
import * as RunFolder from "../layers/RunFolder.ts"
import * as RunIndex from "../layers/RunIndex.ts"

/** `part/category` before and after training, as scalars at the first and at the last step. */
const evaluated = (scores: Readonly<Record<string, { readonly n: number; readonly passed: number }>>) =>
  Object.entries(scores).flatMap(([name, { n, passed }]) =>
    n === 0 ? [] : [{ name: `evaluation/${name}`, value: passed / n }]
  )

/** Follows the run in `folder` until it ends, and writes a new event file into `to`; gives its path and the steps in it. */
export const writeTensorBoard = Effect.fn("writeTensorBoard")(function*(folder: string, to: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const view = yield* RunIndex.open(folder)
  const { started } = yield* view.header
  // TensorBoard reads every file with these letters in its name.
  const file = path.join(to, `events.out.tfevents.${Math.floor(started)}.envtune`)
  yield* Folder.create(to).pipe(RunFolder.writing(file))
  const events = yield* fs.open(file, { flag: "wx" }).pipe(RunFolder.writing(file))
  const write = (bytes: Uint8Array) => events.writeAll(bytes).pipe(RunFolder.writing(file))

  let steps = 0
  let time = started
  let isEvaluated = false
  let rewinds = 0
  const catchUp = Effect.fnUntraced(function*(progress: Progress) {
    if (progress.rewinds > rewinds) {
      rewinds = progress.rewinds
      steps = 0
      time = started
      isEvaluated = false
      yield* write(TensorBoard.restart(time, 0))
    }
    const { summary: { before } } = yield* view.header
    if (!isEvaluated && Object.keys(before).length > 0) {
      isEvaluated = true
      yield* write(TensorBoard.event(time, 0, evaluated(before)))
    }
    for (const report of (yield* view.reports).slice(steps)) {
      time += report.seconds.collect + report.seconds.train
      yield* write(TensorBoard.event(time, report.step, Scalars.ofReport(report)))
      steps++
    }
  })
  yield* write(TensorBoard.opening(time))
  yield* Stream.runForEach(Stream.takeUntil(view.progress, ({ outcome }) => outcome !== "running"), catchUp)
  const { summary: { after } } = yield* view.header
  if (Object.keys(after).length > 0) yield* write(TensorBoard.event(time, steps, evaluated(after)))
  return { file, steps }
}, Effect.scoped)
