/** `<folder>/<model>/envtune.json`: the settings of an evaluation, beside what it has played. */
import { Effect, FileSystem, Path, Result, Schema } from "effect"
import type { Mode } from "../domain/bfcl/Official.ts"
import * as Folder from "./Folder.ts"
import { failed, ResultsError } from "./ResultsError.ts"
import * as Versions from "./Versions.ts"

export type Settings = Readonly<Record<string, string | number>>

export const fileName = "envtune.json"

const SettingsFile = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.String,
    settings: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))
  })
)

const decode = Schema.decodeUnknownResult(SettingsFile)

/** The settings in the folder of a model; undefined when there are none. */
export const read = Effect.fnUntraced(function*(home: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(home, fileName)
  if (!(yield* fs.exists(file).pipe(failed(file)))) return undefined
  const text = yield* fs.readFileString(file).pipe(failed(file))
  const { settings } = yield* Effect.fromResult(
    Result.mapError(decode(text), ({ message }) => new ResultsError({ path: file, detail: message }))
  )
  return { file, settings }
})

/** Writes the settings, and makes the folder of the model if need be. */
export const write = Effect.fnUntraced(function*(home: string, settings: Settings) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(home, fileName)
  yield* Folder.create(home).pipe(failed(home))
  const text = JSON.stringify({ version: Versions.envtune, settings } satisfies typeof SettingsFile.Type, null, 2)
  yield* Folder.replace(file, (beside) => fs.writeFileString(beside, `${text}\n`)).pipe(failed(file))
})

/** BFCL's loop in which the results in the folder of a model were played; undefined where that is not on record. */
export const loopOf = Effect.fnUntraced(function*(home: string) {
  const loop = (yield* read(home))?.settings["loop"]
  const known: Mode | undefined = loop === "fc" || loop === "prompting" ? loop : undefined
  return known
})
