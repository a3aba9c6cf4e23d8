/** What can go wrong with folders of results and of scores. */
import { Effect, Schema } from "effect"
import type { PlatformError } from "effect/PlatformError"
import * as Place from "../domain/Place.ts"
import { inWords } from "./FileProblem.ts"

/** Results or scores that cannot be read or written: which file, where, and why. */
export class ResultsError extends Schema.TaggedError<ResultsError>()("ResultsError", {
  path: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  detail: Schema.String
}) {
  override get message() {
    return Place.told(this, this.detail)
  }
  readonly isRetryable = false
}

/** A platform's failure with a path as one of results. */
export const failed = (path: string) =>
  Effect.mapError((error: PlatformError) => new ResultsError({ path, detail: inWords(error) }))
