/**
 * Replays every recording of the original BFCL and counts, part by part, what agrees.
 *
 * A case that needs a class without a simulator is counted as not yet implemented, never as agreed.
 */
import { Effect, type FileSystem, Path, type Schema, Stream } from "effect"
import type { Benchmark } from "../domain/bfcl/Benchmark.ts"
import * as Agreement from "../domain/bfcl/conformance/Agreement.ts"
import { decoded } from "../domain/bfcl/conformance/Decoding.ts"
import { checked, conversation } from "../domain/bfcl/conformance/Judgement.ts"
import * as Recording from "../domain/bfcl/conformance/Recording.ts"
import * as Replay from "../domain/bfcl/conformance/Replay.ts"
import * as Scoring from "../domain/bfcl/conformance/Scoring.ts"
import { fileOfClass } from "../domain/bfcl/Documents.ts"
import * as ResultForm from "../domain/bfcl/ResultForm.ts"
import * as Scores from "../domain/bfcl/Scores.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import * as OracleFolder from "../layers/OracleFolder.ts"
import * as ResultFolder from "../layers/ResultFolder.ts"
import { Unavailable } from "./refusal.ts"

export interface ConformOptions {
  /** The folder of the recordings. */
  readonly oracle: string
  /** The folder of the benchmark's data that they were made from. */
  readonly data: string
}

export interface Conformance {
  readonly parts: ReadonlyArray<Agreement.Part>
  /** The parts as a table, one line each, notes below. */
  readonly lines: ReadonlyArray<string>
  /** Whether nothing that was compared came out otherwise. */
  readonly agrees: boolean
}

/** A file's cases, decoded and compared one after the other. */
const partOf = <S extends Schema.Codec<unknown, unknown>>(
  folder: string,
  name: string,
  file: string,
  schema: S,
  compare: (recorded: S["Type"], line: number) => Agreement.Comparison
) =>
  Stream.runFold(
    OracleFolder.records(folder, file, schema),
    () => Agreement.empty(name),
    (part, { line, recorded }) => Agreement.count(part, compare(recorded, line))
  ).pipe(Effect.map((part) => notEmpty(part, file)))

/** A file without a case says nothing, and so nothing agrees with it. */
const notEmpty = (part: Agreement.Part, file: string): Agreement.Part =>
  part.cases > 0 ? part : Agreement.count(part, new Agreement.Comparer(file).absent("any case"))

const oracleOf = Effect.fnUntraced(function*(folder: string, benchmark: Benchmark) {
  const blobs = yield* OracleFolder.document(Recording.Blobs)(folder, "blobs.json.gz")
  const { differences } = yield* OracleFolder.document(Recording.Nondeterministic)(folder, "nondeterministic.json")
  const oracle: Replay.Oracle = {
    entries: new Map(benchmark.entries.map((entry) => [entry.id, entry])),
    longContext: benchmark.longContext,
    blobs,
    nondeterministic: new Set(differences.map((difference) => `${difference.case}#${difference.i}`)),
    tools: new Map(
      Array.from(benchmark.documents, ([name, documents]) => [name, documents.map(({ tool }) => tool.name)])
    )
  }
  return oracle
})

const officialScores = "scores/official.json"

/** Every entry of every model that the official scorer was given, and what it made of them where that is not its own sum. */
const scores = Effect.fnUntraced(function*(folder: string, oracle: Replay.Oracle) {
  const path = yield* Path.Path
  const official = yield* OracleFolder.document(Scores.Json)(folder, officialScores)
  const sources = yield* ResultFolder.list(path.join(folder, "scores", "result"))
  let part = Scoring.sums(officialScores, official).reduce(Agreement.count, Agreement.empty("scores"))
  for (const scores of Scores.fromJson(official)) {
    const { model } = scores
    const source = sources.find((one) => one.model === model)
    const { evidence, places } = yield* ResultFolder.survey(source ?? { model, sample: "", files: [] })
    const { form } = ResultForm.tell(evidence)
    for (const verdicts of Scores.categoriesOf(scores).flatMap((name) => Scores.ofCategory(scores, name))) {
      for (const [id, expected] of verdicts) {
        const place = places.get(id)
        const said = place && (yield* ResultFolder.readAt(place))
        part = Agreement.count(part, Scoring.scored(oracle, { model, form, id, said, expected }))
      }
    }
  }
  return notEmpty(part, officialScores)
})

/** Case -> its failing calls. */
const augmentedCalls = (folder: string) =>
  Stream.runFold(
    OracleFolder.records(folder, "augmented_errors.jsonl.gz", Recording.Augmented),
    () => new Map<string, Array<Recording.Augmented>>(),
    (calls, { recorded }) => {
      const known = calls.get(recorded.case)
      if (known === undefined) calls.set(recorded.case, [recorded])
      else known.push(recorded)
      return calls
    }
  )

const compareAll = Effect.fnUntraced(function*({ data, oracle: folder }: ConformOptions) {
  const benchmark = yield* BfclFolder.read(data, "all")
  const oracle = yield* oracleOf(folder, benchmark)
  const augmented = yield* augmentedCalls(folder)
  const classes = Object.keys(fileOfClass)
  const fuzzed = (name: string, compare: (recorded: Recording.Fuzz) => Agreement.Comparison, of: string) =>
    partOf(folder, name, `fuzz_${of}.jsonl.gz`, Recording.Fuzz, compare)
  return yield* Effect.all([
    partOf(folder, "gt", "gt.jsonl.gz", Recording.GroundTruth, (recorded) => Replay.groundTruth(oracle, recorded)),
    ...classes.map((name) => fuzzed(`fuzz ${name}`, (recorded) => Replay.fuzz(oracle, recorded), name)),
    partOf(folder, "exec", "exec.jsonl.gz", Recording.Sequence, (recorded) => Replay.sequence(oracle, recorded)),
    partOf(folder, "tables", "tables.jsonl.gz", Recording.Sequence, (recorded) => Replay.sequence(oracle, recorded)),
    partOf(folder, "checker", "checker.jsonl.gz", Recording.Checked, (recorded) => checked(oracle, recorded)),
    partOf(folder, "decode", "decode.jsonl.gz", Recording.Decoded, (recorded, line) => decoded(line, recorded)),
    partOf(
      folder,
      "interaction",
      "interaction.jsonl.gz",
      Recording.Conversation,
      (recorded) => conversation(oracle, recorded)
    ),
    scores(folder, oracle),
    ...classes.map((name) =>
      fuzzed(
        `augmented ${name}`,
        (recorded) => Replay.augmented(oracle, recorded, augmented.get(recorded.id) ?? []),
        name
      )
    )
  ])
})

/** Compares all parts. Fails only when a file cannot be read; a disagreement is a result. */
export const conform: (
  options: ConformOptions
) => Effect.Effect<Conformance, Unavailable, FileSystem.FileSystem | Path.Path> = Effect.fn("conform")(
  function*(options) {
    const parts = yield* Effect.mapError(compareAll(options), (error) => new Unavailable({ detail: error.message }))
    return { parts, lines: Agreement.table(parts), agrees: Agreement.agrees(parts) }
  }
)
