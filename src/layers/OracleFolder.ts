/** Reads a folder of recordings of the original BFCL: gzip-compressed JSON Lines, streamed, and JSON documents. */
import { Effect, Path, Schema, Stream } from "effect"
import * as TextFile from "./TextFile.ts"

/** The lines of `<folder>/<file>`, each decoded by a schema, with their numbers from 1, as they are decompressed. */
export const records = <S extends Schema.Codec<unknown, unknown>>(folder: string, file: string, schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(schema))
  return Stream.unwrap(Effect.map(Path.Path, (path) => {
    const full = path.join(folder, file)
    return Stream.mapEffect(TextFile.lines(full), ({ number, text }) =>
      Effect.mapBoth(decode(text), {
        onFailure: ({ message }) => new TextFile.TextUnreadable({ path: full, line: number, detail: message }),
        onSuccess: (recorded) => ({ line: number, recorded })
      }))
  }))
}

/** `<folder>/<file>` as one JSON document. */
export const document = <S extends Schema.Codec<unknown, unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(schema))
  return Effect.fnUntraced(function*(folder: string, file: string) {
    const path = (yield* Path.Path).join(folder, file)
    const text = yield* Stream.mkString(TextFile.pieces(path))
    return yield* Effect.mapError(
      decode(text),
      ({ message }) => new TextFile.TextUnreadable({ path, detail: message })
    )
  })
}
