/**
 * What an evaluation has played, as a folder that it writes and goes on from:
 *
 *   <folder>/<model>/envtune.json        its settings; written before the first episode
 *   <folder>/<model>/multi_turn/...      a line for each episode of an official loop, in BFCL's result files
 *   <folder>/<model>/training/...jsonl   a line for each episode in the training protocol, a file for each category
 *
 * Of several samples each has a folder of its own around that, `<folder>/sample-<n>/<model>/...`. A line is written when
 * its episode has ended. An evaluation with the same settings takes what is there as played; one with others is refused,
 * and so are results of another origin. A process that was killed may have left a part of a line, which is cut off.
 */
import { Effect, FileSystem, Path, Result, Semaphore } from "effect"
import { Category } from "../domain/bfcl/Entry.ts"
import * as ResultFile from "../domain/bfcl/ResultFile.ts"
import type { Finished } from "../domain/Evaluation.ts"
import type { Completion } from "../domain/Policy.ts"
import type { Task } from "../domain/Task.ts"
import * as EvaluationSettings from "./EvaluationSettings.ts"
import * as Folder from "./Folder.ts"
import { groupFolder } from "./ResultFolder.ts"
import { failed, ResultsError } from "./ResultsError.ts"

export interface Options {
  /** Names the model's folder, as BFCL names it: slashes become underscores. */
  readonly model: string
  readonly loop: ResultFile.Loop
  /** Episodes per task. */
  readonly samples: number
  /** Everything that what is said follows from. */
  readonly settings: EvaluationSettings.Settings
}

export interface EvaluationFolder {
  /** What was said in an episode that is there. */
  readonly recorded: (task: Task, sample: number) => ReadonlyArray<Completion> | undefined
  /** How many are there. */
  readonly episodes: number
  /** What was cut off, a sentence each. */
  readonly cuts: ReadonlyArray<string>
  /** Appends an episode; the order is that of the calls. */
  readonly write: (episode: Finished) => Effect.Effect<void, ResultsError>
  /** Puts the lines of each file in the order of their numbers, as the official runner does when it has played everything. */
  readonly sort: Effect.Effect<void, ResultsError>
}

/** `seed 0 there and 1 here`, for every setting that is not the same. */
const differences = (there: Options["settings"], here: Options["settings"]): ReadonlyArray<string> =>
  [...new Set([...Object.keys(there), ...Object.keys(here)])].flatMap((name) =>
    there[name] === here[name] ? [] : [`${name} ${there[name] ?? "(none)"} there and ${here[name] ?? "(none)"} here`]
  )

/** Fails where the results are of other settings. */
const checkSettings = ({ model, settings }: Options, path: string, there: EvaluationSettings.Settings) => {
  const other = differences(there, settings)
  if (other.length === 0) return Effect.void
  const detail = `the results of ${model} there are of other settings (${other.join(", ")}); nothing was overwritten`
  return Effect.fail(new ResultsError({ path, detail }))
}

const lineFeed = "\n".charCodeAt(0)

/** Cuts off what follows the last line feed of a file; how many bytes that was. */
const cutTail = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const bytes = yield* fs.readFile(path).pipe(failed(path))
  const whole = bytes.lastIndexOf(lineFeed) + 1
  if (whole < bytes.length) yield* fs.truncate(path, whole).pipe(failed(path))
  return { text: new TextDecoder().decode(bytes.subarray(0, whole)), cut: bytes.length - whole }
})

/** The episodes of a file, task id -> completions. */
const readFile = Effect.fnUntraced(function*(path: string) {
  const { cut, text } = yield* cutTail(path)
  const said = new Map<string, ReadonlyArray<Completion>>()
  for (const [at, line] of text.split("\n").entries()) {
    if (line === "") continue
    const decoded = ResultFile.decodeCompletions(line)
    if (Result.isFailure(decoded)) {
      return yield* new ResultsError({ path, line: at + 1, detail: decoded.failure })
    }
    const { completions, id } = decoded.success
    if (said.has(id)) return yield* new ResultsError({ path, line: at + 1, detail: `${id} is there already` })
    said.set(id, completions)
  }
  return { said, cut }
})

/** `multi_turn_base_9` comes before `multi_turn_base_10`. */
const byNumber = new Intl.Collator("en", { numeric: true })

const sortFile = Effect.fnUntraced(function*(path: string) {
  const { text } = yield* cutTail(path)
  const lines = text.split("\n").filter((line) => line !== "")
  const places = yield* Effect.forEach(
    lines,
    (line, at) =>
      Effect.mapBoth(Effect.fromResult(ResultFile.decodeCompletions(line)), {
        onFailure: (detail) => new ResultsError({ path, line: at + 1, detail }),
        onSuccess: ({ id }) => ({ id, line })
      })
  )
  const sorted = places.toSorted((a, b) => byNumber.compare(a.id, b.id)).map(({ line }) => line)
  if (sorted.some((line, at) => line !== lines[at])) {
    const fs = yield* FileSystem.FileSystem
    const text = sorted.map((line) => `${line}\n`).join("")
    yield* Folder.replace(path, (beside) => fs.writeFileString(beside, text)).pipe(failed(path))
  }
})

/** Where lines of a loop are, in the folder of a model. */
const groupOf = (loop: ResultFile.Loop): string => loop === "training" ? "training" : groupFolder

const fileNameOf = (loop: ResultFile.Loop, category: string): string => {
  if (loop === "training") return `${category}.jsonl`
  const known = Category.literals.find((one) => one === category)
  if (known === undefined) throw new RangeError(`BFCL has no category ${category}`)
  return ResultFile.fileNameOf(known, "result")
}

/** Whether a file of the folder is one of ours: no other is looked into, let alone cut. */
const isOurs = (loop: ResultFile.Loop, name: string): boolean =>
  loop === "training" ? name.endsWith(".jsonl") : ResultFile.categoryOf(name, "result") !== undefined

/** Looks at the folder of a model, and makes it when the first episode is written. */
export const open = Effect.fn("EvaluationFolder.open")(function*(
  folder: string,
  options: Options
): Effect.fn.Return<EvaluationFolder, ResultsError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { loop, model, samples } = options
  const homeOf = (sample: number) =>
    path.join(folder, ...samples === 1 ? [] : [`sample-${sample + 1}`], model.replaceAll("/", "_"))
  const isThere = (place: string) => fs.exists(place).pipe(failed(place))
  const cuts: Array<string> = []
  const filesIn = Effect.fnUntraced(function*(place: string) {
    if (!(yield* isThere(place))) return []
    const names = yield* fs.readDirectory(place).pipe(failed(place))
    return names.filter((name) => isOurs(loop, name)).toSorted().map((name) => path.join(place, name))
  })

  const known = yield* Effect.forEach(
    Array.from({ length: samples }, (_, sample) => homeOf(sample)),
    Effect.fnUntraced(function*(home) {
      const all = new Map<string, ReadonlyArray<Completion>>()
      const place = path.join(home, groupOf(loop))
      const known = yield* EvaluationSettings.read(home)
      if (known !== undefined) {
        yield* checkSettings(options, known.file, known.settings)
      } else if (yield* isThere(place)) {
        const detail = `there are results of ${model} already; nothing was overwritten`
        return yield* new ResultsError({ path: place, detail })
      }
      for (const file of yield* filesIn(place)) {
        const { cut, said } = yield* readFile(file)
        for (const [id, completions] of said) all.set(id, completions)
        if (cut > 0) cuts.push(`${file}: the last line was not written to its end; its ${cut} bytes were cut off`)
      }
      return all
    })
  )

  const oneAtATime = yield* Semaphore.make(1)
  const append = Effect.fnUntraced(function*(episode: Finished) {
    const home = homeOf(episode.sample)
    const place = path.join(home, groupOf(loop))
    const file = path.join(place, fileNameOf(loop, episode.task.category))
    if (!(yield* isThere(path.join(home, EvaluationSettings.fileName)))) {
      yield* EvaluationSettings.write(home, options.settings)
    }
    yield* Folder.create(place).pipe(failed(place))
    const line = `${ResultFile.encodeLine(episode, loop)}\n`
    yield* fs.writeFileString(file, line, { flag: "a" }).pipe(failed(file))
  })
  const sort = Effect.forEach(
    Array.from({ length: samples }, (_, sample) => path.join(homeOf(sample), groupOf(loop))),
    (place) => Effect.flatMap(filesIn(place), Effect.forEach((file) => sortFile(file), { discard: true })),
    { discard: true }
  )
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  return {
    recorded: ({ id }, sample) => known[sample]?.get(id),
    episodes: known.reduce((sum, { size }) => sum + size, 0),
    cuts,
    // An interruption does not cut a line.
    write: (episode) =>
      append(episode).pipe(Effect.provideContext(context), oneAtATime.withPermit, Effect.uninterruptible),
    sort: sort.pipe(Effect.provideContext(context), oneAtATime.withPermit)
  }
})
