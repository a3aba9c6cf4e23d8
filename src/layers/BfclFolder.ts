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
import * as Validation from "../domain/bfcl/Validation.ts"
import { PythonError } from "../domain/python/PythonError.ts"
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
    const constants = LongContext.decode(source.text)
    const problem = LongContext.problem(constants)
    return problem === undefined
      ? Result.succeed(LongContext.make(constants))
      : Result.fail(unreadable(source, undefined, problem))
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
  return yield* Effect.fromResult(Split.decode(source, entries))
})

const fileOf = (category: Entry.Category): string => `BFCL_v4_multi_turn_${category}.json`

/** What a folder holds, without a split, and what is wrong with its lines. */
export interface Survey {
  readonly contents: Omit<Benchmark, "split">
  /** Lines that are no question or no answer, in the order of the files. The entries are those of the others. */
  readonly broken: ReadonlyArray<Tasks.TasksUnreadable>
}

/** Everything in the folder. Fails with the path of a file that cannot be read at all. */
export const survey: (
  folder: string
) => Effect.Effect<Survey, Tasks.TasksUnreadable, FileSystem.FileSystem | Path.Path> = Effect.fn("BfclFolder.survey")(
  function*(folder) {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.mapError(
      fs.stat(folder),
      (error) => new Tasks.TasksUnreadable({ path: folder, detail: withHelp(folder)(error) })
    )
    const source = (...parts: ReadonlyArray<string>) => sourceIn(folder, ...parts)
    const decoded = yield* Effect.forEach(Entry.Category.literals, (category) => {
      const name = fileOf(category)
      return Effect.map(
        Effect.all([source(name), source("possible_answer", name)]),
        ([questions, answers]) => ({ ...Entry.decode(questions, answers), questions })
      )
    })
    const documents = yield* Effect.forEach(
      Object.entries(Documents.fileOfClass),
      Effect.fnUntraced(function*([name, file]) {
        const decoded = Documents.decode(yield* source("multi_turn_func_doc", `${file}.json`))
        return [name, yield* Effect.fromResult(decoded)] as const
      })
    )
    return {
      contents: {
        entries: decoded.flatMap(({ values }) => values),
        questions: decoded.map(({ questions }) => questions),
        documents: new Map(documents),
        longContext: yield* Effect.fromResult(decodeLongContext(yield* source("long_context.json")))
      },
      broken: decoded.flatMap(({ broken }) => broken)
    }
  }
)

/** The first entry that cannot be played, at its question. */
const firstUnopenable = (
  { entries, longContext, questions }: Survey["contents"]
): Tasks.TasksUnreadable | undefined => {
  for (const entry of entries) {
    const detail = Validation.unopenable(entry, longContext)
    if (detail === undefined) continue
    const [place] = questions.flatMap((source) => {
      const line = Entry.lineOf(source, entry.id)
      return line === undefined ? [] : [{ path: source.path, line }]
    })
    return new Tasks.TasksUnreadable({ ...place!, detail: `${entry.id}: ${detail}` })
  }
  return undefined
}

/**
 * The benchmark in the folder, all of whose entries can be played. Fails with the path, and the line where there is one,
 * of the first thing that is broken.
 */
export const read: (
  folder: string,
  split?: string
) => Effect.Effect<Benchmark, Tasks.TasksUnreadable, FileSystem.FileSystem | Path.Path> = Effect.fn("BfclFolder.read")(
  function*(folder, split = "by-scenario") {
    const { broken: [first], contents } = yield* survey(folder)
    const broken = first ?? firstUnopenable(contents)
    if (broken !== undefined) return yield* broken
    return { ...contents, split: yield* readSplit(folder, split, contents.entries) }
  }
)

/** Where the question of an entry is, or its ground truth, as `path:line`. */
export const placeOf = Effect.fnUntraced(function*(
  folder: string,
  { category, id }: Entry.Entry,
  file: "question" | "answer"
) {
  const source = yield* sourceIn(folder, ...file === "answer" ? ["possible_answer"] : [], fileOf(category))
  return `${source.path}:${Entry.lineOf(source, id)}`
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
