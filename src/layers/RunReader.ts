/**
 * The reading side of RunFolder. Streams what was recorded, line by line; a tail that a crash
 * or a full disk tore off is reported where it begins, and everything before it is read.
 */
import { Effect, FileSystem, Option, Path, Result, Schema, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { createGunzip, type Gunzip } from "node:zlib"
import { EpisodeRecord } from "../domain/EpisodeRecord.ts"
import { Manifest } from "../domain/Manifest.ts"
import { StepReport } from "../domain/Report.ts"
import { Evaluated, RunStoreError, StoreUnreadable } from "../domain/RunStore.ts"
import { Summary } from "../domain/Summary.ts"
import { inWords } from "./FileProblem.ts"
import { files, format } from "./RunFolder.ts"

/** A line's value, or, last, the news that the record is torn from line `line` (from 1) on. */
export type Line<A> =
  | { readonly _tag: "Line"; readonly value: A }
  | { readonly _tag: "Torn"; readonly path: string; readonly line: number; readonly detail: string }

export interface RunRecord {
  readonly manifest: Manifest
  /** Unix seconds. */
  readonly started: number
  readonly summary: Summary
  readonly reports: Stream.Stream<Line<StepReport>, RunStoreError>
  readonly episodes: Stream.Stream<Line<EpisodeRecord>, RunStoreError>
  readonly evaluations: Stream.Stream<Line<Evaluated>, RunStoreError>
}

const unreadable = (path: string, detail: string): RunStoreError =>
  new RunStoreError({ reason: new StoreUnreadable({ path, detail }) })

const reading = (path: string) => (error: PlatformError): RunStoreError => unreadable(path, inWords(error))

const Started = Schema.Struct({ format: Schema.Int, seconds: Schema.Struct({ started: Schema.Finite }) })

const decodeFile = Effect.fnUntraced(function*<A>(path: string, schema: Schema.ConstraintDecoder<A>, text: string) {
  return yield* Schema.decodeEffect(Schema.fromJsonString(schema))(text).pipe(
    Effect.mapError((error) =>
      unreadable(path, text === "" ? "it is empty" : `not what envtune writes: ${error.message}`)
    )
  )
})

/** The bytes that one piece of a gzip file brings; `cut` when nothing after it can be decompressed. */
interface Piece {
  readonly bytes: Uint8Array
  readonly cut?: string
}

/** Feeds a decompressor by hand: piping would lose what was decompressed before an error. */
const feed = (gunzip: Gunzip, chunk: Option.Option<Uint8Array>): Effect.Effect<Piece> =>
  Effect.callback((resume) => {
    const parts: Array<Uint8Array> = []
    const collect = (part: Uint8Array) => parts.push(part)
    const done = (error?: Error | null) => {
      gunzip.off("data", collect)
      gunzip.off("error", done)
      gunzip.off("end", done)
      const bytes = Buffer.concat(parts)
      resume(Effect.succeed(error instanceof Error ? { bytes, cut: error.message } : { bytes }))
    }
    gunzip.on("data", collect)
    gunzip.once("error", done)
    if (Option.isSome(chunk)) gunzip.write(chunk.value, done)
    else gunzip.once("end", done).end()
  })

/** Text lines, and after them why there are no more when the file is torn. */
type Text = { readonly line: string } | { readonly cut: string }

const gunzipped = (bytes: Stream.Stream<Uint8Array, RunStoreError>): Stream.Stream<Text, RunStoreError> =>
  Stream.unwrap(
    Effect.gen(function*() {
      const gunzip = yield* Effect.acquireRelease(
        Effect.sync(() => createGunzip().on("error", () => undefined)),
        (gunzip) => Effect.sync(() => gunzip.destroy())
      )
      let cut: string | undefined
      const lines = bytes.pipe(
        Stream.map(Option.some),
        Stream.concat(Stream.succeed(Option.none<Uint8Array>())),
        Stream.mapEffect((chunk) => feed(gunzip, chunk)),
        Stream.tap((piece) => Effect.sync(() => cut = piece.cut)),
        Stream.takeUntil((piece) => piece.cut !== undefined),
        Stream.map((piece) => piece.bytes),
        textLines
      )
      const end = Stream.suspend(() => cut === undefined ? Stream.empty : Stream.succeed<Text>({ cut }))
      return Stream.concat(lines, end)
    })
  )

const textLines = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Text, E> =>
  bytes.pipe(Stream.decodeText, Stream.splitLines, Stream.map((line) => ({ line })))

interface Position {
  /** Lines read so far. */
  readonly line: number
  /** Why the last of them could not be decoded. */
  readonly broken?: string
}

/** Decodes lines. One that cannot be decoded is a torn tail if nothing follows, and an error naming it otherwise. */
const decodeLines = <A>(path: string, schema: Schema.ConstraintDecoder<A>) => {
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(schema))
  const torn = (line: number, detail: string): Line<A> => ({ _tag: "Torn", path, line, detail })
  return (texts: Stream.Stream<Text, RunStoreError>): Stream.Stream<Line<A>, RunStoreError> =>
    Stream.mapAccumEffect(
      texts,
      (): Position => ({ line: 0 }),
      (position, text): Effect.Effect<readonly [Position, ReadonlyArray<Line<A>>], RunStoreError> => {
        if ("cut" in text) {
          const line = position.broken === undefined ? position.line + 1 : position.line
          return Effect.succeed([{ line }, [torn(line, text.cut)]])
        }
        if (position.broken !== undefined) {
          return Effect.fail(unreadable(`${path}:${position.line}`, position.broken))
        }
        const line = position.line + 1
        const decoded = decode(text.line)
        return Effect.succeed(
          Result.isSuccess(decoded)
            ? [{ line }, [{ _tag: "Line", value: decoded.success }]]
            : [{ line, broken: `not what envtune writes: ${decoded.failure.message}` }, []]
        )
      },
      { onHalt: ({ broken, line }) => broken === undefined ? [] : [torn(line, broken)] }
    )
}

/** Opens the record of a run. Its streams can be run any number of times; none of them is held in memory. */
export const open = Effect.fn("RunReader.open")(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const at = (name: string) => path.join(folder, name)
  const text = (name: string) => fs.readFileString(at(name)).pipe(Effect.mapError(reading(at(name))))
  const bytes = (name: string) => fs.stream(at(name)).pipe(Stream.mapError(reading(at(name))))

  const exists = yield* fs.exists(at(files.run)).pipe(Effect.mapError(reading(folder)))
  if (!exists) return yield* unreadable(folder, `no run is there (${files.run} is missing)`)
  const run = yield* text(files.run)
  const { format: found, seconds } = yield* decodeFile(at(files.run), Started, run)
  if (found !== format) {
    return yield* unreadable(folder, `written in format ${found}; this version reads format ${format}`)
  }
  const record: RunRecord = {
    manifest: yield* decodeFile(at(files.run), Manifest, run),
    started: seconds.started,
    summary: yield* decodeFile(at(files.summary), Summary, yield* text(files.summary)),
    reports: bytes(files.metrics).pipe(textLines, decodeLines(at(files.metrics), StepReport)),
    evaluations: bytes(files.evaluations).pipe(textLines, decodeLines(at(files.evaluations), Evaluated)),
    episodes: gunzipped(bytes(files.episodes)).pipe(decodeLines(at(files.episodes), EpisodeRecord))
  }
  return record
})
