/** Requests that are turned away at once, by a status code. */
import { Schema } from "effect"

export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  status: Schema.Literals([400, 404, 409, 410, 413, 415, 422, 429]),
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}
