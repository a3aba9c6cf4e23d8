/** Text files, plain or gzip, read as streams: however long they are, little of them is in memory at a time. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, FileSystem, Schema, Stream } from "effect"
import { createGunzip } from "node:zlib"
import type { Line } from "../domain/bfcl/Lines.ts"
import { inWords } from "./FileProblem.ts"

/** A file that cannot be read: where, and why. */
export class TextUnreadable extends Schema.TaggedError<TextUnreadable>()("TextUnreadable", {
  path: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  detail: Schema.String
}) {
  override get message() {
    return this.line === undefined ? `${this.path}: ${this.detail}` : `${this.path}:${this.line}: ${this.detail}`
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

/** The lines of a file, with their numbers from 1. */
export const lines = (path: string): Stream.Stream<Line, TextUnreadable, FileSystem.FileSystem> =>
  pieces(path).pipe(
    Stream.splitLines,
    Stream.zipWithIndex,
    Stream.map(([text, index]) => ({ number: index + 1, text }))
  )
