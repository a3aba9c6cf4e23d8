/** A file that another process extends, or cuts back: read at any place, as it is at that moment. */
import type { Scope } from "effect"
import { Effect, FileSystem, Option, Result, Schema } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { type RunStoreError, unreadable } from "../domain/RunStore.ts"
import { inWords } from "./FileProblem.ts"

export interface GrowingFile {
  readonly path: string
  /** In bytes. */
  readonly size: Effect.Effect<number, RunStoreError>
  /** Fewer where the file ends before. */
  readonly bytes: (from: number, length: number) => Effect.Effect<Uint8Array, RunStoreError>
}

const reading = (path: string) => Effect.mapError((error: PlatformError) => unreadable(path, inWords(error)))

const nothing = new Uint8Array()

/** Opens the file until the scope closes. */
export const open: (
  path: string
) => Effect.Effect<GrowingFile, RunStoreError, FileSystem.FileSystem | Scope.Scope> = Effect.fnUntraced(
  function*(path) {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path).pipe(reading(path))
    return {
      path,
      size: file.stat.pipe(Effect.map(({ size }) => Number(size)), reading(path)),
      bytes: (from, length) =>
        length <= 0
          ? Effect.succeed(nothing)
          : file.readAlloc(length, { position: BigInt(from) }).pipe(
            Effect.map(Option.getOrElse(() => nothing)),
            reading(path)
          )
    }
  }
)

const newline = 0x0a

export function* linesOf(text: string): Generator<string> {
  let from = 0
  for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
    yield text.slice(from, to)
    from = to + 1
  }
}

/** The lines of a file, decoded as they come. */
export interface Lines<A> {
  /** Decodes the lines that are complete before that byte, or before the end of the file. */
  readonly readTo: (committed: number | undefined) => Effect.Effect<void, RunStoreError>
  /** Those that were decoded. */
  readonly values: () => ReadonlyArray<A>
  /** Where there is more, or something else, in a sentence; what may still become a line counts once nothing is appended. */
  readonly torn: (isOn: boolean) => string | undefined
  /** Begins again. */
  readonly forget: () => void
}

interface Known<A> {
  readonly values: Array<A>
  /** Bytes of the lines. */
  end: number
  /** Bytes after them. */
  rest: number
  broken: boolean
}

const unknown = <A>(): Known<A> => ({ values: [], end: 0, rest: 0, broken: false })

/** Opens a file of JSON lines until the scope closes. */
export const openLines = Effect.fnUntraced(function*<A>(path: string, schema: Schema.ConstraintDecoder<A>) {
  const file = yield* open(path)
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(schema))
  let known = unknown<A>()
  const lines: Lines<A> = {
    readTo: Effect.fnUntraced(function*(committed) {
      const into = known
      if (into.broken) return
      const bytes = yield* file.bytes(into.end, (committed ?? (yield* file.size)) - into.end)
      const whole = bytes.lastIndexOf(newline) + 1
      for (const line of linesOf(new TextDecoder().decode(bytes.subarray(0, whole)))) {
        const decoded = decode(line)
        into.broken = Result.isFailure(decoded)
        if (Result.isFailure(decoded)) return
        into.values.push(decoded.success)
      }
      into.end += whole
      into.rest = (yield* file.size) - into.end
    }),
    values: () => known.values,
    torn: (isOn) =>
      known.broken || (!isOn && known.rest > 0)
        ? `${path} is torn from line ${known.values.length + 1} on`
        : undefined,
    forget: () => {
      known = unknown()
    }
  }
  return lines
})
