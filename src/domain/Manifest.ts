/** What a run was told to do, written before it does anything: enough to run it again. */
import { Schema } from "effect"

/** A file's absolute path, and the hash of what it held. */
const SourceFile = Schema.Struct({ path: Schema.String, sha256: Schema.String })

export const Manifest = Schema.Struct({
  curriculum: Schema.String,
  /** The file it was loaded from, where it was, and the local files that it imports. */
  curriculumFile: Schema.optionalKey(Schema.Struct({
    ...SourceFile.fields,
    /** Absent in records of before they were kept. */
    imports: Schema.optionalKey(Schema.Array(SourceFile))
  })),
  /** Of the run; every other seed is derived from it. */
  seed: Schema.Natural,
  /** Bound of the training time, where one was set. */
  trainingSeconds: Schema.optionalKey(Schema.Finite),
  /** Name -> version: envtune, effect, node. */
  versions: Schema.Record(Schema.String, Schema.String),
  tasks: Schema.Struct({
    /** Where they come from: folder, generator seed, hashes. */
    provenance: Schema.Record(Schema.String, Schema.String),
    /** Of all tasks with their payloads: equal for equal tasks. */
    sha256: Schema.String,
    /** `<part>/<category>` -> tasks. */
    counts: Schema.Record(Schema.String, Schema.Natural)
  }),
  engine: Schema.Struct({
    name: Schema.String,
    parameters: Schema.Natural,
    vocabularySize: Schema.Natural,
    contextLength: Schema.Natural
  }),
  /** Changes whenever a token id changes its meaning. */
  vocabularyHash: Schema.String,
  /** How the run was evaluated before and after; absent when it was not. */
  evaluation: Schema.optionalKey(Schema.Json),
  /** In order, with every setting, defaults included. */
  stages: Schema.Array(Schema.Struct({ name: Schema.String, tasks: Schema.Natural, settings: Schema.Json })),
  /** What the user asked for on the command line, by option. */
  options: Schema.Record(Schema.String, Schema.Json)
}).annotate({ identifier: "envtune/Manifest" })
export type Manifest = typeof Manifest.Type
