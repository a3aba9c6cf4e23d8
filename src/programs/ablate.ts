/**
 * The paper's ablations: trains with everything, and with one part left out, on the same tasks with the same seeds, and
 * says what can be said of the difference.
 *
 * Every training is a run in a folder of its own, `<out>/<arm>/<seed>`. What is finished is not trained again, so the
 * same command goes on where it was stopped; a training that was cut short goes on from the last weights it saved.
 */
import { Effect, Equal, FileSystem, Path, Stream } from "effect"
import * as Ablation from "../domain/Ablation.ts"
import type { RunStoreError } from "../domain/RunStore.ts"
import { Tasks } from "../domain/Tasks.ts"
import * as RunFolder from "../layers/RunFolder.ts"
import * as RunReader from "../layers/RunReader.ts"
import * as Versions from "../layers/Versions.ts"
import { conduct } from "./conduct.ts"
import { statements } from "./contrasts.ts"
import { Parts } from "./parts.ts"
import { prepare, type Request } from "./prepare.ts"
import { Unavailable } from "./refusal.ts"
import * as Page from "./report/ablation.ts"
import { resume } from "./resume.ts"

/** What is left out, as `envtune tune` is asked to. */
interface Arm extends Page.Arm {
  readonly request: Request
}

const full: Arm = { name: "full", request: {}, says: "four stages, hints, progress reward" }

/** The first one is what the others are compared with. */
export const arms: ReadonlyArray<Arm> = [
  full,
  {
    name: "no-augment",
    request: { "no-augment": true },
    says: "failed calls are left unexplained in every stage",
    paper: "miss_func and miss_param lose about 20 points"
  },
  {
    name: "binary",
    request: { reward: "binary" },
    says: "after stage 1 an episode is worth 1 if every turn passed, else nothing",
    paper: "miss_func and miss_param stay at 0"
  },
  {
    name: "no-curriculum",
    request: { "single-stage": true },
    says: "one stage, all tasks from the first step on",
    paper: "training collapses after about 70 steps"
  }
]

export interface AblateOptions {
  /** By name, all when empty. */
  readonly arms: ReadonlyArray<string>
  readonly seeds: ReadonlyArray<number>
  /** Training time of one training at most. */
  readonly minutes: number | undefined
  readonly weights: string | undefined
  readonly workers: number | undefined
  readonly out: string
  /** Events of the trainings as JSON lines. */
  readonly json: boolean
  readonly say: (sentence: string) => Effect.Effect<void>
}

/** What has been or is to be trained. */
interface Seat {
  readonly arm: Arm
  readonly seed: number
  readonly folder: string
  readonly request: Request
}

const chosen = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
  const unknown = names.find((name) => arms.every((arm) => arm.name !== name))
  if (unknown !== undefined) {
    const known = arms.map(({ name }) => name).join(", ")
    return yield* new Unavailable({ detail: `there is no arm "${unknown}"; there are ${known}` })
  }
  return arms.filter((arm) => names.length === 0 || arm === full || names.includes(arm.name))
})

/** How far a folder is with its training; `unusable` is what cannot go on. */
type Stand = "absent" | "begun" | "finished" | "unusable"

/** What a folder holds of its training. One that was made otherwise is refused: nothing of it could be compared. */
const standOf = Effect.fnUntraced(function*({ folder, request, seed }: Seat): Effect.fn.Return<
  Stand,
  Unavailable | RunStoreError,
  FileSystem.FileSystem | Path.Path
> {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(folder).pipe(RunFolder.writing(folder)))) return "absent"
  const record = yield* Effect.option(RunReader.open(folder))
  if (record._tag === "None") return "unusable"
  const { journal, manifest } = record.value
  if (journal === undefined) return "unusable"
  const isOurs = Equal.equals(manifest.options, request) && manifest.seed === seed &&
    manifest.versions["envtune"] === Versions.envtune
  const events = journal.entries.flatMap(({ entry }) => entry.events)
  const isComplete = events.some((event) => event._tag === "RunEnded" && event.outcome === "completed")
  if (isOurs) return isComplete ? "finished" : "begun"
  const asked = JSON.stringify({ ...manifest.options, seed: manifest.seed })
  return yield* new Unavailable({
    detail: `${folder} was trained by envtune ${manifest.versions["envtune"]} with ${asked}, and this asks envtune `
      + `${Versions.envtune} for ${JSON.stringify({ ...request, seed })}: choose another folder with --out`
  })
})

/** Out of the way, and kept. */
const moveAside = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  let n = 1
  while (yield* fs.exists(`${folder}-unfinished-${n}`)) n += 1
  const aside = `${folder}-unfinished-${n}`
  yield* fs.rename(folder, aside)
  return aside
}, (moved, folder) => RunFolder.writing(folder)(moved))

/** Trains what a folder lacks of its training. */
const train = Effect.fnUntraced(function*(
  { folder, request, seed }: Seat,
  stand: Stand,
  { json, say, workers }: AblateOptions
) {
  if (stand === "begun") return yield* resume(folder, { workers, json, say })
  if (stand === "unusable") {
    yield* say(`${folder} holds nothing that can go on; it is kept in ${yield* moveAside(folder)}`)
  }
  const prepared = yield* prepare(request, { seed, workers })
  yield* conduct(prepared, { folder, json, store: RunFolder.layer(folder) })
})

/** The lines of a record that can be read. */
const linesOf = <A, E>(lines: Stream.Stream<RunReader.Line<A>, E>): Effect.Effect<ReadonlyArray<A>, E> =>
  Effect.map(
    Stream.runCollect(lines),
    (all) => all.flatMap((line) => line._tag === "Line" ? [line.value] : [])
  )

const read = Effect.fnUntraced(function*({ arm, folder, seed }: Seat) {
  const { evaluations, manifest, reports, summary } = yield* RunReader.open(folder)
  const training: Page.Training = { arm: arm.name, seed, folder, manifest, summary, reports: yield* linesOf(reports) }
  const evaluated = yield* linesOf(evaluations)
  const outcomes = (when: "before" | "after") => evaluated.findLast((one) => one.when === when)?.tasks ?? {}
  const trained: Ablation.Trained = { arm: arm.name, seed, before: outcomes("before"), after: outcomes("after") }
  return { training, trained }
})

/** The ablation for machines; trainings are named by their folders. */
const summaryOf = ({ arms, result, trainings }: Page.Ablated) => ({
  versions: Versions.all,
  arms: result.arms.map((arm) => ({
    ...arm,
    says: arms.find(({ name }) => name === arm.name)?.says,
    paper: arms.find(({ name }) => name === arm.name)?.paper,
    trainings: trainings.filter((training) => training.arm === arm.name).map(({ folder, reports, seed, summary }) => ({
      seed,
      folder,
      steps: reports.length,
      seconds: summary.seconds,
      alarms: reports.flatMap(({ alarms, step }) => alarms.map((alarm) => ({ step, ...alarm })))
    }))
  })),
  contrasts: result.contrasts,
  statements: statements(result)
})

/** Trains what is missing, compares, and writes `ablation.html` and `ablation.json`. */
export const ablate = Effect.fn("ablate")(function*(options: AblateOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { minutes, out, say, seeds, weights } = options
  const wanted = yield* chosen(options.arms)
  const seats = seeds.flatMap((seed) =>
    wanted.map((arm): Seat => ({
      arm,
      seed,
      folder: path.join(out, arm.name, String(seed)),
      request: {
        ...arm.request,
        ...(minutes !== undefined && { minutes }),
        ...(weights !== undefined && { weights })
      }
    }))
  )
  const stands = yield* Effect.forEach(seats, (seat) => Effect.map(standOf(seat), (stand) => ({ seat, stand })))
  const missing = stands.filter(({ stand }) => stand !== "finished")
  if (missing.length < seats.length) {
    yield* say(`${seats.length - missing.length} of ${seats.length} trainings are finished already`)
  }
  for (const [at, { seat, stand }] of missing.entries()) {
    yield* say(`training ${at + 1} of ${missing.length}: ${seat.arm.name}, seed ${seat.seed} (${seat.arm.says})`)
    yield* train(seat, stand, options)
  }
  const all = yield* Effect.forEach(seats, read)
  const world = yield* (yield* Parts).world({ data: undefined })
  const tasks = yield* Effect.provide(Tasks.useSync(({ all }) => all), world.tasks)
  const ablated: Page.Ablated = {
    folder: out,
    arms: wanted,
    trainings: all.map(({ training }) => training),
    result: Ablation.analyse(all.map(({ trained }) => trained), tasks, seeds[0] ?? 0)
  }
  const files = { page: path.join(out, "ablation.html"), json: path.join(out, "ablation.json") }
  const write = (file: string, text: string) => fs.writeFileString(file, text).pipe(RunFolder.writing(file))
  yield* write(files.page, Page.page(ablated).text)
  yield* write(files.json, `${JSON.stringify(summaryOf(ablated), null, 2)}\n`)
  return { ...ablated, files }
})
