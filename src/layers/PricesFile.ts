/** Files of prices, JSON `{ "<model>": { "prompt", "cached", "completion" } }` in USD per million tokens. */
import { Effect, FileSystem, Schema } from "effect"
import { Prices } from "../domain/openai/Spending.ts"
import { inWords } from "./FileProblem.ts"

/** Prices that cannot be read, or are not there. */
export class PricesUnusable extends Schema.TaggedError<PricesUnusable>()("PricesUnusable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
  readonly isRetryable = false
}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Record(Schema.String, Prices)))

/** The prices of a model. */
export const read = Effect.fn("PricesFile.read")(function*(path: string, model: string) {
  const fs = yield* FileSystem.FileSystem
  const unusable = (detail: string) => new PricesUnusable({ path, detail })
  const text = yield* Effect.mapError(fs.readFileString(path), (error) => unusable(inWords(error)))
  const all = yield* decode(text, { errors: "all", onExcessProperty: "error" }).pipe(
    Effect.mapError(({ message }) => unusable(message))
  )
  const prices = all[model]
  if (prices !== undefined) return prices
  return yield* unusable(`it has no prices of ${model}; it has those of ${Object.keys(all).join(", ") || "no model"}`)
})
