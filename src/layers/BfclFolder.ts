/**
 * Reads a folder with BFCL's multi-turn data in its own layout: `BFCL_v4_multi_turn_<category>.json`,
 * `possible_answer/` with files of the same names, `multi_turn_func_doc/`, `long_context.json` (the constants of
 * `long_context.py` by name) and files of splits, `split_by_scenario.json` and `split_seal.json`.
 */
import { Effect, FileSystem, Layer, Path, Result } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { Benchmark } from "../domain/bfcl/Benchmark.ts"
import { tasks } from "../domain/bfcl/Benchmark.ts"
import * as Documents from "../domain/bfcl/Documents.ts"
import * as Entry from "../domain/bfcl/Entry.ts"
import type { Source } from "../domain/bfcl/Lines.ts"
import { unreadable } from "../domain/bfcl/Lines.ts"
import * as LongContext from "../domain/bfcl/LongContext.ts"
import * as Split from "../domain/bfcl/Split.ts"
import { PythonError } from "../domain/python/Value.ts"
import * as Tasks from "../domain/Tasks.ts"
import { inWords } from "./FileProblem.ts"

const readSource = Effect.fnUntraced(function*(path: string, inWordsOf: (error: PlatformError) => string = inWords) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.mapBoth(fs.readFileString(path), {
    onFailure: (error) => new Tasks.TasksUnreadable({ path, detail: inWordsOf(error) }),
    onSuccess: (text): Source => ({ path, text })
  })
})

/** What is missing of BFCL can be had. */
const withHelp = (folder: string) => (error: PlatformError): string =>
  error.reason._tag === "NotFound"
    ? `${inWords(error)}; \`envtune data pull --to ${folder}\` brings BFCL's files there`
    : inWords(error)

/** A file of the folder. */
const sourceIn = Effect.fnUntraced(function*(folder: string, ...parts: ReadonlyArray<string>) {
  return yield* readSource((yield* Path.Path).join(folder, ...parts), withHelp(folder))
})

const decodeLongContext = (source: Source): Result.Result<LongContext.LongContext, Tasks.TasksUnreadable> => {
  try {
    return Result.succeed(LongContext.make(LongContext.decode(source.text)))
  } catch (error) {
    if (error instanceof PythonError) return Result.fail(unreadable(source, undefined, error.message))
    throw error
  }
}

/** `by-scenario` and `seal` are files of the folder; `all` tests on everything; anything else is the path of a file. */
const readSplit = Effect.fnUntraced(function*(folder: string, name: string, entries: ReadonlyArray<Entry.Entry>) {
  if (name === "all") return Split.all(entries)
  const files: Readonly<Record<string, string>> = { "by-scenario": "split_by_scenario.json", seal: "split_seal.json" }
  const file = files[name]
  const source = file === undefined ? yield* readSource(name) : yield* sourceIn(folder, file)
  return yield* Effect.fromResult(Split.decode(source))
})

const fileOf = (category: Entry.Category): string => `BFCL_v4_multi_turn_${category}.json`

/** Everything in the folder. Fails with the path, and the line where there is one, of what cannot be read. */
export const read: (
  folder: string,
  split?: string
) => Effect.Effect<Benchmark, Tasks.TasksUnreadable, FileSystem.FileSystem | Path.Path> = Effect.fn("BfclFolder.read")(
  function*(folder, split = "by-scenario") {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.mapError(
      fs.stat(folder),
      (error) => new Tasks.TasksUnreadable({ path: folder, detail: withHelp(folder)(error) })
    )
    const source = (...parts: ReadonlyArray<string>) => sourceIn(folder, ...parts)
    const decoded = yield* Effect.forEach(Entry.Category.literals, (category) => {
      const name = fileOf(category)
      return Effect.flatMap(
        Effect.all([source(name), source("possible_answer", name)]),
        ([questions, answers]) =>
          Effect.map(
            Effect.fromResult(Entry.decode(questions, answers)),
            (entries) => ({ entries, questions })
          )
      )
    })
    const entries = decoded.flatMap((file) => file.entries)
    const documents = yield* Effect.forEach(
      Object.entries(Documents.fileOfClass),
      Effect.fnUntraced(function*([name, file]) {
        const decoded = Documents.decode(yield* source("multi_turn_func_doc", `${file}.json`))
        return [name, yield* Effect.fromResult(decoded)] as const
      })
    )
    return {
      entries,
      questions: decoded.map(({ questions }) => questions),
      documents: new Map(documents),
      longContext: yield* Effect.fromResult(decodeLongContext(yield* source("long_context.json"))),
      split: yield* readSplit(folder, split, entries)
    }
  }
)

/** Where the ground truth of an entry is, as `path:line`. */
export const placeOf = Effect.fnUntraced(function*(folder: string, { category, id }: Entry.Entry) {
  const answers = yield* sourceIn(folder, "possible_answer", fileOf(category))
  return `${answers.path}:${Entry.lineOf(answers, id)}`
})

/** The entries as tasks. Refused, with what was found, when both sides of the split have scenarios in common. */
export const tasksOf = (benchmark: Benchmark, folder: string): Layer.Layer<Tasks.Tasks, Tasks.TasksError> => {
  const leakage = Split.leakage(benchmark.entries, benchmark.split)
  if (!Split.leaks(leakage)) return Tasks.layer(tasks(benchmark), { source: "BFCL multi-turn", folder })
  const reason = new Tasks.TasksOverlap({
    scenarios: leakage.scenarios.map((scenario) => `bfcl-${scenario}`),
    detail: `they share ${Split.summary(leakage)}`
  })
  return Layer.effect(Tasks.Tasks, Effect.fail(new Tasks.TasksError({ reason })))
}

/** The folder's entries as tasks, by a split; see `read`. */
export const layer = (
  folder: string,
  split?: string
): Layer.Layer<Tasks.Tasks, Tasks.TasksError, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(
    Effect.mapBoth(read(folder, split), {
      onFailure: (reason) => new Tasks.TasksError({ reason }),
      onSuccess: (benchmark) => tasksOf(benchmark, folder)
    })
  )
