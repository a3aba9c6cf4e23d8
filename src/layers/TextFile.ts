/** Text files, plain or gzip, read as streams: however long they are, little of them is in memory at a time. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, FileSystem, Schema, Stream } from "effect"
import { constants } from "node:buffer"
import { createGunzip } from "node:zlib"
import type { Line } from "../domain/bfcl/Lines.ts"
import * as Place from "../domain/Place.ts"
import { inWords } from "./FileProblem.ts"

/** A file that cannot be read: where, and why. */
export class TextUnreadable extends Schema.TaggedError<TextUnreadable>()("TextUnreadable", {
  path: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  detail: Schema.String
}) {
  override get message() {
    return Place.told(this, this.detail)
  }
  readonly isRetryable = false
}

const gunzip = (path: string) =>
  NodeStream.pipeThroughDuplex({
    evaluate: createGunzip,
    onError: (cause) => new TextUnreadable({ path, detail: cause instanceof Error ? cause.message : String(cause) })
  })

/** The text of a file in pieces, decompressed when its name ends in `.gz`. */
export const pieces = (path: string): Stream.Stream<string, TextUnreadable, FileSystem.FileSystem> => {
  const bytes = Stream.unwrap(Effect.map(FileSystem.FileSystem, (fileSystem) => fileSystem.stream(path))).pipe(
    Stream.mapError((error) => new TextUnreadable({ path, detail: inWords(error) }))
  )
  return Stream.decodeText(path.endsWith(".gz") ? gunzip(path)(bytes) : bytes)
}

/** Fails at the piece with which a line gets longer than a text can be. */
const refuseLongLines = (path: string, longest: number) => {
  let number = 1
  let length = 0
  return (piece: string): Effect.Effect<void, TextUnreadable> => {
    for (let from = 0, to = 0; to >= 0; from = to + 1) {
      to = piece.indexOf("\n", from)
      length += (to < 0 ? piece.length : to) - from
      if (length > longest) {
        const detail = `the line has more than ${longest} characters, too many to be read`
        return Effect.fail(new TextUnreadable({ path, line: number, detail }))
      }
      if (to < 0) continue
      length = 0
      number += 1
    }
    return Effect.void
  }
}

/** The lines of a file, with their numbers from 1; `longest` is what one of them may have at most, in UTF-16 units. */
export const lines = (
  path: string,
  longest: number = constants.MAX_STRING_LENGTH
): Stream.Stream<Line, TextUnreadable, FileSystem.FileSystem> =>
  Stream.suspend(() => Stream.tap(pieces(path), refuseLongLines(path, longest))).pipe(
    Stream.splitLines,
    Stream.zipWithIndex,
    Stream.map(([text, index]) => ({ number: index + 1, text }))
  )

/** A line and where it is in its file. */
export interface Located extends Line {
  /** Bytes before it. */
  readonly offset: number
  /** Its own, without the line feed. */
  readonly bytes: number
}

interface Undecoded extends Omit<Located, "text"> {
  readonly whole: Uint8Array
}

/** Puts pieces of a file together again line by line. */
class Splitter {
  private number = 0
  private offset = 0
  private begun: Array<Uint8Array> = []

  /** The lines that a piece ends. */
  take(piece: Uint8Array): ReadonlyArray<Undecoded> {
    const lines: Array<Undecoded> = []
    let from = 0
    for (let to = piece.indexOf(lineFeed); to >= 0; to = piece.indexOf(lineFeed, from)) {
      this.begun.push(piece.subarray(from, to))
      lines.push(this.line())
      from = to + 1
    }
    if (from < piece.length) this.begun.push(piece.subarray(from))
    return lines
  }

  /** The last line, if it does not end with a line feed. */
  end(): ReadonlyArray<Undecoded> {
    return this.begun.length === 0 ? [] : [this.line()]
  }

  private line(): Undecoded {
    const whole = Buffer.concat(this.begun)
    const line = { number: ++this.number, whole, offset: this.offset, bytes: whole.length }
    this.begun = []
    this.offset += whole.length + 1
    return line
  }
}

const lineFeed = "\n".charCodeAt(0)
const utf8 = new TextDecoder("utf-8", { fatal: true })

const located = (path: string) => ({ whole, ...where }: Undecoded) =>
  Effect.try({
    try: (): Located => ({ ...where, text: utf8.decode(whole) }),
    catch: () => new TextUnreadable({ path, line: where.number, detail: "the line is not UTF-8" })
  })

/** The lines of a plain file and where each of them is, for `lineAt`. */
export const locatedLines = (path: string): Stream.Stream<Located, TextUnreadable, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.map(FileSystem.FileSystem, (fileSystem) => fileSystem.stream(path))).pipe(
    Stream.mapError((error) => new TextUnreadable({ path, detail: inWords(error) })),
    Stream.mapAccum(
      () => new Splitter(),
      (splitter, piece) => [splitter, splitter.take(piece)] as const,
      { onHalt: (splitter) => splitter.end() }
    ),
    Stream.mapEffect(located(path))
  )

/** The text of a line, from its file. */
export const lineAt = Effect.fnUntraced(function*(path: string, { bytes, number, offset }: Omit<Located, "text">) {
  const fileSystem = yield* FileSystem.FileSystem
  return yield* fileSystem.stream(path, { offset, bytesToRead: bytes }).pipe(
    Stream.decodeText,
    Stream.mkString,
    Effect.mapError((error) => new TextUnreadable({ path, line: number, detail: inWords(error) }))
  )
})
