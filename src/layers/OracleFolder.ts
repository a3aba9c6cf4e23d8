/** Reads a folder of recordings of the original BFCL: gzip-compressed JSON Lines, streamed, and JSON documents. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Effect, FileSystem, Path, Schema, Stream } from "effect"
import { createGunzip } from "node:zlib"

/** A recording that cannot be read: which file, where, and why. */
export class OracleUnreadable extends Schema.TaggedError<OracleUnreadable>()("OracleUnreadable", {
  path: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  detail: Schema.String
}) {
  override get message() {
    return this.line === undefined ? `${this.path}: ${this.detail}` : `${this.path}:${this.line}: ${this.detail}`
  }
}

const gunzip = (path: string) =>
  NodeStream.pipeThroughDuplex({
    evaluate: createGunzip,
    onError: (cause) => new OracleUnreadable({ path, detail: cause instanceof Error ? cause.message : String(cause) })
  })

/** The text of a file in pieces, decompressed when its name ends in `.gz`. */
const pieces = (path: string): Stream.Stream<string, OracleUnreadable, FileSystem.FileSystem> => {
  const bytes = Stream.unwrap(Effect.map(FileSystem.FileSystem, (fileSystem) => fileSystem.stream(path))).pipe(
    Stream.mapError((error) => new OracleUnreadable({ path, detail: error.message }))
  )
  return Stream.decodeText(path.endsWith(".gz") ? gunzip(path)(bytes) : bytes)
}

/** The lines of `<folder>/<file>`, each decoded by a schema, with their numbers from 1, as they are decompressed. */
export const records = <S extends Schema.Codec<unknown, unknown>>(folder: string, file: string, schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(schema))
  return Stream.unwrap(Effect.map(Path.Path, (path) => {
    const full = path.join(folder, file)
    return pieces(full).pipe(
      Stream.splitLines,
      Stream.zipWithIndex,
      Stream.mapEffect(([text, index]) =>
        Effect.mapBoth(decode(text), {
          onFailure: (error) => new OracleUnreadable({ path: full, line: index + 1, detail: error.message }),
          onSuccess: (recorded) => ({ line: index + 1, recorded })
        })
      )
    )
  }))
}

/** `<folder>/<file>` as one JSON document. */
export const document = <S extends Schema.Codec<unknown, unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(schema))
  return Effect.fnUntraced(function*(folder: string, file: string) {
    const path = (yield* Path.Path).join(folder, file)
    const text = yield* Stream.mkString(pieces(path))
    return yield* Effect.mapError(decode(text), (error) => new OracleUnreadable({ path, detail: error.message }))
  })
}
