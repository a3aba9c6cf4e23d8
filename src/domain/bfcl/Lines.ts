/** JSON Lines: a file whose every line is one JSON value. */
import { Result, Schema } from "effect"
import { TasksUnreadable } from "../Tasks.ts"

/** A file's text, and the path that errors name. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** One line of a source, with its number from 1. */
export interface Line {
  readonly number: number
  readonly text: string
}

/** The lines that are not blank. */
export const split = (source: Source): ReadonlyArray<Line> =>
  source.text.split("\n").flatMap((text, index) => text.trim() === "" ? [] : [{ number: index + 1, text }])

export const unreadable = (source: Source, line: Line | undefined, detail: string): TasksUnreadable =>
  new TasksUnreadable({ path: source.path, detail, ...(line === undefined ? {} : { line: line.number }) })

/** What became of the lines of a source, in their order. */
export interface Decoded<A> {
  readonly values: ReadonlyArray<A>
  /** What is wrong with the others, each with its place. */
  readonly broken: ReadonlyArray<TasksUnreadable>
}

/** Every line by `decodeLine`. */
export const decodeAll = <A>(source: Source, decodeLine: (line: Line) => Result.Result<A, string>): Decoded<A> => {
  const values: Array<A> = []
  const broken: Array<TasksUnreadable> = []
  for (const line of split(source)) {
    const decoded = decodeLine(line)
    if (Result.isSuccess(decoded)) values.push(decoded.success)
    else broken.push(unreadable(source, line, decoded.failure))
  }
  return { values, broken }
}

/** Every line by `decodeLine`; the first that fails, with its place. */
export const decodeEach = <A>(
  source: Source,
  decodeLine: (line: Line) => Result.Result<A, string>
): Result.Result<ReadonlyArray<A>, TasksUnreadable> => {
  const { broken: [first], values } = decodeAll(source, decodeLine)
  return first === undefined ? Result.succeed(values) : Result.fail(first)
}

/** A JSON text by a schema, the failure as one sentence. */
export const decodeJson = <S extends Schema.Codec<unknown, unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(schema))
  return (text: string): Result.Result<S["Type"], string> => Result.mapError(decode(text), (error) => error.message)
}
