/** `npm run live:tensorboard`: TensorBoard's own reader, on the event file that `envtune metrics` makes of a small run. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Schema, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Scalars from "../../src/domain/Scalars.ts"
import * as TensorBoard from "../../src/domain/TensorBoard.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import { writeTensorBoard } from "../../src/programs/metrics.ts"
import { recorded } from "../../test/programs/viewer/recording.ts"
import * as Process from "./Process.ts"

/** Tag -> step and value of every scalar, in order. */
const Tags = Schema.Record(Schema.String, Schema.Array(Schema.Tuple([Schema.Int, Schema.Finite])))
type Tags = typeof Tags.Type

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Tags))

/** What the run measured, by its record; event files keep 32 bits of a value. */
const expected = Effect.fnUntraced(function*(folder: string) {
  const { reports, summary } = yield* RunReader.open(folder)
  const tags: Record<string, Array<readonly [number, number]>> = {}
  const add = (step: number, scalars: ReadonlyArray<Scalars.Scalar>) => {
    for (const { name, value } of scalars) (tags[name] ??= []).push([step, Math.fround(value)])
  }
  const evaluated = (scores: typeof summary.before) =>
    Object.entries(scores).map(([name, { n, passed }]) => ({ name: `evaluation/${name}`, value: passed / n }))
  const lines = yield* Stream.runCollect(reports)
  const all = lines.flatMap((line) => line._tag === "Line" ? [line.value] : [])
  add(0, evaluated(summary.before))
  for (const report of all) add(report.step, Scalars.ofReport(report))
  add(all.length, evaluated(summary.after))
  return tags
})

const differences = (ours: Tags, theirs: Tags): ReadonlyArray<string> =>
  [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((tag) => {
    const [wrote, read] = [JSON.stringify(ours[tag]), JSON.stringify(theirs[tag])]
    return wrote === read ? [] : [`${tag}: wrote ${wrote}, read ${read}`]
  })

/** A file that goes back from step 5 to step 2, and what is to be read of it. */
const rewound = {
  file: Buffer.concat([
    TensorBoard.opening(0),
    ...[0, 1, 2, 3, 4].map((step) => TensorBoard.event(step, step, [{ name: "before", value: step }])),
    TensorBoard.restart(5, 2),
    ...[2, 3].map((step) => TensorBoard.event(step + 5, step, [{ name: "after", value: step }]))
  ]),
  tags: { before: [[0, 0], [1, 1]], after: [[2, 2], [3, 3]] } satisfies Tags
}

Command.make(
  "live:tensorboard",
  { python: Process.python },
  Effect.fnUntraced(function*({ python }) {
    const own = yield* Process.environment({ name: "tensorboard", packages: ["tensorboard==2.20.0"], python })
    const fs = yield* FileSystem.FileSystem
    const folder = yield* recorded
    const read = (board: string) =>
      Effect.flatMap(Process.run(own, [Process.script("tensorboard_reader.py"), board]), decode)
    const board = yield* fs.makeTempDirectoryScoped()
    yield* writeTensorBoard(folder, board)
    const theirs = yield* read(board)
    const other = yield* fs.makeTempDirectoryScoped()
    yield* fs.writeFile(`${other}/events.out.tfevents.0.envtune`, rewound.file)
    const wrong = [...differences(yield* expected(folder), theirs), ...differences(rewound.tags, yield* read(other))]
    if (wrong.length > 0) return yield* new Process.LiveError({ detail: wrong.join("\n") })
    const scalars = Object.values(theirs).reduce((sum, { length }) => sum + length, 0)
    yield* Console.log(`${scalars} scalars under ${Object.keys(theirs).length} tags: read as they were written`)
  }, Effect.scoped)
).pipe(
  Command.withDescription("TensorBoard's reader on our event files"),
  Command.run({ version: "0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
