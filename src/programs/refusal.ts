/** What programs have in common: what they may need of the machine, and how they refuse. */
import type { FileSystem, Path } from "effect"
import { Schema } from "effect"

export type Platform = FileSystem.FileSystem | Path.Path

/** What was asked for does not go together, or is not there. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}
