/**
 * The small model that comes with the package: its weights, and the vocabulary they are for.
 * `envtune pretrain` makes such a folder: `model.safetensors` and `vocabulary.json`.
 */
import { Effect, FileSystem, Path, Result, Schema } from "effect"
import * as Vocabulary from "../domain/drills/Vocabulary.ts"
import { EngineError, WeightsUnusable } from "../domain/Engine.ts"
import type { ModelConfig } from "../domain/Transformer.ts"
import * as Checkpoint from "./embedded/Checkpoint.ts"
import { inWords } from "./FileProblem.ts"

const vocabularyFile = "vocabulary.json"

const VocabularyJson = Schema.fromJsonString(Schema.Struct({ pieces: Schema.Array(Schema.NonEmptyString) }))
const decodeVocabulary = Schema.decodeUnknownResult(VocabularyJson)

const unusable = (path: string, detail: string): EngineError =>
  new EngineError({ reason: new WeightsUnusable({ path, detail }) })

export interface Base {
  readonly folder: string
  readonly config: ModelConfig
  readonly vocabulary: Vocabulary.Vocabulary
}

/** The base that comes with this package. */
export const read = Effect.fn("Base.read")(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* Effect.orDie(path.fromFileUrl(new URL("../../assets/base", import.meta.url)))
  const file = path.join(folder, vocabularyFile)
  const text = yield* Effect.mapError(files.readFileString(file), (error) => unusable(file, inWords(error)))
  const decoded = decodeVocabulary(text, { errors: "all", onExcessProperty: "error" })
  if (Result.isFailure(decoded)) return yield* unusable(file, decoded.failure.message)
  const { config } = yield* Checkpoint.readPurpose(folder)
  const base: Base = { folder, config, vocabulary: Vocabulary.make(decoded.success.pieces) }
  return base
})

/** Writes the vocabulary beside weights that were saved to `folder`, and removes the optimiser's state: a base has none. */
export const complete = Effect.fn("Base.complete")(function*(folder: string, vocabulary: Vocabulary.Vocabulary) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, vocabularyFile)
  yield* files.writeFileString(file, `${JSON.stringify({ pieces: vocabulary.pieces }, undefined, 1)}\n`).pipe(
    Effect.mapError((error) => unusable(folder, inWords(error))),
    Effect.andThen(Checkpoint.dropOptimiser(folder))
  )
})
