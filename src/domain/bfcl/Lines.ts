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

/** Every line by `decodeLine`; the first that fails, with its place. */
export const decodeEach = <A>(
  source: Source,
  decodeLine: (line: Line) => Result.Result<A, string>
): Result.Result<ReadonlyArray<A>, TasksUnreadable> => {
  const values: Array<A> = []
  for (const line of split(source)) {
    const decoded = decodeLine(line)
    if (Result.isFailure(decoded)) return Result.fail(unreadable(source, line, decoded.failure))
    values.push(decoded.success)
  }
  return Result.succeed(values)
}

/** A JSON text by a schema, the failure as one sentence. */
export const decodeJson = <S extends Schema.Codec<unknown, unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(schema))
  return (text: string): Result.Result<S["Type"], string> => Result.mapError(decode(text), (error) => error.message)
}
