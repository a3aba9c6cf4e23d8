/** Where the files of a release come from: the web, a folder, a Python package. */
import { type Effect, Schema, type Scope, type Stream } from "effect"
import type { PinnedFile } from "./Release.ts"

/** A place that does not give what it should have. */
export class SourceUnavailable extends Schema.TaggedError<SourceUnavailable>()("SourceUnavailable", {
  /** A path or a URL. */
  place: Schema.String,
  detail: Schema.String,
  /** Whether asking again may help. */
  isRetryable: Schema.Boolean
}) {
  override get message() {
    return `${this.place}: ${this.detail}`
  }
}

/** Bytes that are not the release's. */
export class ContentDiffers extends Schema.TaggedError<ContentDiffers>()("ContentDiffers", {
  place: Schema.String,
  bytes: Schema.Int,
  /** Absent when there were too many bytes to go on. */
  sha256: Schema.optionalKey(Schema.String),
  expected: Schema.Struct({ bytes: Schema.Int, sha256: Schema.String })
}) {
  override get message() {
    const { bytes, expected, place, sha256 } = this
    const found = sha256 === undefined
      ? `at least ${bytes} bytes`
      : `${bytes} bytes with SHA-256 ${sha256.slice(0, 12)}`
    return `${place}: ${found}, where the release has ${expected.bytes} bytes with ${expected.sha256.slice(0, 12)}`
  }
  readonly isRetryable = false
}

/** A file of the user's where one of the release belongs. */
export class TargetOccupied extends Schema.TaggedError<TargetOccupied>()("TargetOccupied", { path: Schema.String }) {
  override get message() {
    return `${this.path} is not the release's; it was left as it is: move it away, or pull to another folder`
  }
  readonly isRetryable = false
}

export class TargetUnwritable extends Schema.TaggedError<TargetUnwritable>()("TargetUnwritable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
  readonly isRetryable = false
}

export class PullError extends Schema.TaggedError<PullError>()("PullError", {
  reason: Schema.Union([SourceUnavailable, ContentDiffers, TargetOccupied, TargetUnwritable])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

export const unavailable = (place: string, detail: string, isRetryable = false): PullError =>
  new PullError({ reason: new SourceUnavailable({ place, detail, isRetryable }) })

/** The bytes of a file, from a byte on. */
export interface Delivery {
  /** What was asked for, or 0 where a source cannot skip. */
  readonly from: number
  readonly bytes: Stream.Stream<Uint8Array, PullError>
}

export interface ReleaseSource {
  /** For people. */
  readonly name: string
  /** A package has the Python module of the long-context constants; a benchmark's folder, what was made of it. */
  readonly layout: "package" | "benchmark"
  /** A path or a URL, for people. */
  readonly place: (file: PinnedFile) => string
  /** The file's bytes, if possible from byte `from` on. */
  readonly open: (file: PinnedFile, from: number) => Effect.Effect<Delivery, PullError, Scope.Scope>
}
