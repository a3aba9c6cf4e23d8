/**
 * The reading side of RunFolder. Streams what was recorded, line by line; a tail that a crash
 * or a full disk tore off is reported where it begins, and everything before it is read. What is
 * torn is what the journal does not vouch for; a run of before there were journals vouches for itself.
 */
import { Effect, FileSystem, Option, Path, Result, Schema, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { createGunzip, type Gunzip } from "node:zlib"
import { EpisodeRecord } from "../domain/EpisodeRecord.ts"
import * as Journal from "../domain/Journal.ts"
import { Manifest } from "../domain/Manifest.ts"
import { StepReport } from "../domain/Report.ts"
import { Evaluated, type RunStoreError, unreadable } from "../domain/RunStore.ts"
import { Summary } from "../domain/Summary.ts"
import { inWords } from "./FileProblem.ts"
import { files, format, stepOf } from "./RunFolder.ts"
import * as RunJournal from "./RunJournal.ts"
import * as RunLock from "./RunLock.ts"

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
  /** Absent in a run of before there were journals. */
  readonly journal?: RunJournal.Contents
  /** One episode by its id, without reading those of other steps. */
  readonly episode: (id: string) => Effect.Effect<Option.Option<EpisodeRecord>, RunStoreError>
}

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

/** The lines of a compressed file, decoded. */
export const compressedLines = <A>(
  path: string,
  bytes: Stream.Stream<Uint8Array, PlatformError>,
  schema: Schema.ConstraintDecoder<A>
): Stream.Stream<Line<A>, RunStoreError> =>
  bytes.pipe(Stream.mapError(reading(path)), gunzipped, decodeLines(path, schema))

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

/** The journal of a run; nothing where the run is of before there were journals. */
export const readJournal = Effect.fn("RunReader.readJournal")(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, files.journal)
  if (!(yield* fs.exists(file).pipe(Effect.mapError(reading(file))))) return undefined
  const parsed = RunJournal.parse(yield* fs.readFile(file).pipe(Effect.mapError(reading(file))))
  if (Result.isSuccess(parsed)) return parsed.success
  return yield* unreadable(`${file}:${parsed.failure.line}`, parsed.failure.detail)
})

/** What is wrong with a file of `size` bytes of which `committed` count. */
const misfit = (size: number, committed: number): string | undefined => {
  if (size < committed) return `${committed - size} bytes are missing`
  return size > committed ? `${size - committed} bytes after what is before are of no complete append` : undefined
}

/** What a run was asked for, and when. */
export const readStart = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, files.run)
  const exists = yield* fs.exists(file).pipe(Effect.mapError(reading(folder)))
  if (!exists) return yield* unreadable(folder, `no run is there (${files.run} is missing)`)
  const text = yield* fs.readFileString(file).pipe(Effect.mapError(reading(file)))
  const { format: found, seconds } = yield* decodeFile(file, Started, text)
  if (found !== format) {
    return yield* unreadable(folder, `written in format ${found}; this version reads format ${format}`)
  }
  return { manifest: yield* decodeFile(file, Manifest, text), started: seconds.started }
})

export const readSummary = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, files.summary)
  return yield* decodeFile(file, Summary, yield* fs.readFileString(file).pipe(Effect.mapError(reading(file))))
})

/** Opens the record of a run. Its streams can be run any number of times; none of them is held in memory. */
export const open = Effect.fn("RunReader.open")(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const at = (name: string) => path.join(folder, name)
  const { manifest, started } = yield* readStart(folder)
  const journal = yield* readJournal(folder)
  const lengths = journal === undefined ? undefined : journal.entries.at(-1)?.entry.lengths ?? Journal.empty

  /** A file's lines, up to where the journal vouches for them. What a writer is about to commit is no news. */
  const linesOf = (
    name: keyof Journal.Lengths,
    decoded: (bytes: Stream.Stream<Uint8Array, RunStoreError>) => Stream.Stream<Text, RunStoreError>
  ): Stream.Stream<Text, RunStoreError> => {
    const file = at(files[name])
    return Stream.unwrap(
      Effect.gen(function*() {
        const size = Number((yield* fs.stat(file)).size)
        const committed = lengths?.[name] ?? size
        const writer = yield* RunLock.holder(at(files.lock)).pipe(Effect.provideService(FileSystem.FileSystem, fs))
        const cut = size > committed && Option.isSome(writer) ? undefined : misfit(size, committed)
        const bytes = fs.stream(file, { bytesToRead: committed }).pipe(Stream.mapError(reading(file)))
        const end: Stream.Stream<Text> = cut === undefined ? Stream.empty : Stream.succeed({ cut })
        return Stream.concat(decoded(bytes), end).pipe(Stream.takeUntil((text) => "cut" in text))
      }).pipe(Effect.mapError(reading(file)))
    )
  }
  const episodes = linesOf("episodes", gunzipped).pipe(decodeLines(at(files.episodes), EpisodeRecord))

  /** The episodes of a step alone, where the journal says where they lie. */
  const episodesOf = (step: number): typeof episodes => {
    if (journal === undefined) return episodes
    const members = journal.entries
      .flatMap(({ entry }) => entry.events)
      .filter((event) => event._tag === "EpisodesWritten")
      .filter((event) => event.step === step)
    return Stream.fromIterable(members).pipe(
      Stream.flatMap(({ at: offset, bytes: bytesToRead }) =>
        fs.stream(at(files.episodes), { offset, bytesToRead }).pipe(
          Stream.mapError(reading(at(files.episodes))),
          gunzipped,
          decodeLines(at(files.episodes), EpisodeRecord)
        )
      )
    )
  }
  const record: RunRecord = {
    manifest,
    started,
    summary: yield* readSummary(folder),
    reports: linesOf("metrics", textLines).pipe(decodeLines(at(files.metrics), StepReport)),
    evaluations: linesOf("evaluations", textLines).pipe(decodeLines(at(files.evaluations), Evaluated)),
    episodes,
    ...(journal !== undefined && { journal }),
    episode: (id) =>
      episodesOf(stepOf(id)).pipe(
        Stream.filterMap((line) =>
          line._tag === "Line" && line.value.id === id ? Result.succeed(line.value) : Result.failVoid
        ),
        Stream.runHead
      )
  }
  return record
})
