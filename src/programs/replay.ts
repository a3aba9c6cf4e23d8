/** Plays call sequences, a line of JSON each, and writes what came of each as a line: a stream, whatever its length. */
import { Console, Effect, FileSystem, Predicate, Result, type Sink, Stdio, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import * as CallSequence from "../domain/bfcl/CallSequence.ts"
import type { Line } from "../domain/bfcl/Lines.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import { inWords } from "../layers/FileProblem.ts"
import * as TextFile from "../layers/TextFile.ts"
import { type Platform, Unavailable } from "./refusal.ts"
import { oneLine } from "./text.ts"

export interface ReplayOptions {
  /** The benchmark's folder, for configurations and the long-context constants. */
  readonly data: string
  /** The file of the sequences; decompressed when its name ends in `.gz`. */
  readonly input: string
  /** A new file; standard output when absent. */
  readonly output: string | undefined
}

/** The lines of the input, by what came of them. */
export interface Replayed {
  readonly played: number
  readonly calls: number
  /** Lines that are no call sequence. */
  readonly bad: number
}

/** Bad lines that are told of. */
const shown = 20

const unavailable = (detail: string): Unavailable => new Unavailable({ detail })

/** Plays the lines of a file one by one. The counts are complete when the stream of what came of them has ended. */
const player = Effect.fnUntraced(function*({ data, input }: ReplayOptions) {
  const benchmark = yield* Effect.mapError(BfclFolder.read(data, "all"), ({ message }) => unavailable(message))
  const entries = new Map(benchmark.entries.map((entry) => [entry.id, entry]))
  const counts = { played: 0, calls: 0, bad: 0 }

  const refuse = ({ number }: Line, detail: string): Effect.Effect<undefined> =>
    ++counts.bad > shown
      ? Effect.undefined
      : Effect.as(Console.error(`${input}:${number}: ${oneLine(detail)}`), undefined)

  const play = (line: Line): Effect.Effect<string | undefined> => {
    const decoded = CallSequence.decode(line, entries)
    if (Result.isFailure(decoded)) return refuse(line, decoded.failure)
    counts.played++
    counts.calls += decoded.success.calls.length
    return Effect.sync(() => `${JSON.stringify(CallSequence.play(decoded.success, benchmark.longContext))}\n`)
  }

  const lines = TextFile.lines(input).pipe(
    Stream.mapError(({ message }) => unavailable(message)),
    Stream.filter(({ text }) => text.trim() !== ""),
    Stream.mapEffect(play),
    Stream.filter((text) => text !== undefined)
  )
  return { counts, lines }
})

const isClosedPipe = ({ reason }: PlatformError): boolean =>
  Predicate.hasProperty(reason.cause, "code") && reason.cause.code === "EPIPE"

const unwritten = (error: PlatformError): string =>
  error.reason._tag === "AlreadyExists" ? "it is there already; nothing was overwritten" : inWords(error)

/** Where lines go. A reader of standard output who has had enough is no failure. */
const targetOf = Effect.fnUntraced(function*(output: string | undefined) {
  if (output !== undefined) return (yield* FileSystem.FileSystem).sink(output, { flag: "wx" })
  return (yield* Stdio.Stdio).stdout()
})

/** Fails when a file cannot be read or written; a line that cannot be played is told of on standard error, and counted. */
export const replay: (
  options: ReplayOptions
) => Effect.Effect<Replayed, Unavailable, Platform | Stdio.Stdio> = Effect.fn("replay")(
  function*(options) {
    const { output } = options
    const { counts, lines } = yield* player(options)
    const target: Sink.Sink<void, Uint8Array, never, PlatformError> = yield* targetOf(output)
    yield* Stream.run(Stream.encodeText(lines), target).pipe(
      Effect.catchTag("PlatformError", (error) =>
        output === undefined && isClosedPipe(error)
          ? Effect.void
          : Effect.fail(unavailable(`${output ?? "standard output"}: ${unwritten(error)}`)))
    )
    return counts
  }
)
