/**
 * Goes on with a run that was cut short, from the last weights it saved.
 *
 * Seeds, tasks and settings are those it began with, so with an engine whose results do not depend on
 * what it did before, it does what the uninterrupted run would have done. Whatever differs from the
 * beginning is refused by name before anything is touched.
 */
import { Effect, Equal, Layer, Option, Schema } from "effect"
import * as Curriculum from "../domain/Curriculum.ts"
import { Manifest } from "../domain/Manifest.ts"
import { RunStore } from "../domain/RunStore.ts"
import { files } from "../layers/RunFolder.ts"
import * as RunResumption from "../layers/RunResumption.ts"
import { conduct } from "./conduct.ts"
import { prepare, type Prepared, requestOf } from "./prepare.ts"
import { Unavailable } from "./refusal.ts"
import { manifestOf, type Resumed } from "./run.ts"
import { plural, underWay } from "./text.ts"

export interface ResumeOptions {
  readonly workers: number | undefined
  readonly json: boolean
  /** Hears where the run goes on, and what is superseded. */
  readonly say: (sentence: string) => Effect.Effect<void>
}

/** As a manifest is when it has been written and read. */
const Json = Schema.fromJsonString(Manifest)
const rewritten = (manifest: Manifest): Manifest => Schema.decodeSync(Json)(JSON.stringify(manifest))

const decodeSettings = Schema.decodeUnknownOption(Curriculum.Settings)

/** With the settings that an older version did not have, as what it did without them. */
const settled = (manifest: Manifest): Manifest => ({
  ...manifest,
  stages: manifest.stages.map((stage) => ({
    ...stage,
    settings: Option.getOrElse(
      decodeSettings(stage.settings, { onExcessProperty: "error" }),
      () => stage.settings
    )
  }))
})

/** Versions may differ, and say so; nothing else may. */
const compare = Effect.fnUntraced(function*(folder: string, recorded: Manifest, { curriculum, options }: Prepared) {
  const { evaluation, ...others } = options
  const asked = recorded.evaluation === undefined ? others : { ...others, evaluation }
  const now = rewritten(yield* manifestOf(curriculum, asked))
  const before = settled(recorded)
  const names = ["curriculum", "tasks", "engine", "vocabularyHash", "evaluation", "stages"] as const
  const differing = names.filter((name) => !Equal.equals(before[name], now[name]))
  if (differing.length > 0) {
    return yield* new Unavailable({
      detail: `${folder} cannot go on as it began: ${differing.join(", ")} of ${files.run} would be different now`
    })
  }
  const versions = Object.entries(now.versions).filter(([name, version]) => recorded.versions[name] !== version)
  return versions.map(([name, version]) => `${name} is ${version} now and was ${recorded.versions[name] ?? "absent"}`)
})

/** Where a run goes on, and at what cost. */
const news = (
  { beyond, standing, weights }: RunResumption.Resumable,
  { superseded }: RunResumption.GoingOn
): ReadonlyArray<string> => [
  weights === undefined
    ? "the run had saved no weights: it begins again"
    : `going on after ${plural(standing.steps, "step")}, in stage ${standing.stageIndex + 1}, from ${weights.current}`,
  ...underWay(beyond.underWay),
  ...(beyond.torn === undefined ? [] : [`the last line of ${files.journal} does not count: ${beyond.torn}`]),
  ...(superseded === undefined ? [] : [
    `${plural(beyond.steps, "step")} and ${
      plural(beyond.episodes, "episode")
    } after that are superseded, and kept in ${superseded}`
  ])
]

/** Runs what is left of the run in `folder`. */
export const resume = Effect.fn("resume")(function*(folder: string, { json, say, workers }: ResumeOptions) {
  const resumable = yield* RunResumption.open(folder)
  const { evaluated, manifest, reports, standing, weights } = resumable
  const prepared = yield* prepare(yield* requestOf(folder, manifest), {
    seed: manifest.seed,
    workers,
    recorded: manifest.curriculumFile
  })
  yield* Effect.gen(function*() {
    const changed = yield* compare(folder, manifest, prepared)
    const goingOn = yield* resumable.goOn
    const { store, superseded } = goingOn
    for (const sentence of [...changed, ...news(resumable, goingOn)]) yield* say(sentence)
    const resumed: Resumed = {
      standing,
      reports,
      evaluated,
      ...(weights !== undefined && { weights }),
      ...(superseded !== undefined && { superseded })
    }
    yield* conduct(prepared, { folder, json, resumed, store: Layer.succeed(RunStore, store) })
  }).pipe(Effect.provide(prepared.services))
}, Effect.scoped)
