/** A run on one page: how it ended, what was evaluated, how long its stages took. A fold over the run's journal. */
import { Schema } from "effect"
import * as Journal from "./Journal.ts"
import { Scores } from "./Report.ts"

export const Summary = Schema.Struct({
  /** `running` in the record of a run that was killed before it could say otherwise. */
  outcome: Schema.Literals(["running", "completed", "interrupted", "failed"]),
  /** Why it ended so, in a sentence; empty for a completed run. */
  detail: Schema.String,
  /** Of the whole run. */
  seconds: Schema.Finite,
  /** `<part>/<category>` -> passed of n, by the weights the run started from; empty when not evaluated. */
  before: Scores,
  after: Scores,
  stages: Schema.Array(
    Schema.Struct({ name: Schema.String, steps: Schema.Natural, seconds: Schema.Finite, why: Schema.String })
  ),
  /** Where lasting weights were saved, relative to the run's folder, and the steps they had been trained for. */
  weights: Schema.Array(Schema.Struct({ path: Schema.String, step: Schema.Natural }))
}).annotate({ identifier: "envtune/Summary" })
export type Summary = typeof Summary.Type

export const empty: Summary = {
  outcome: "running",
  detail: "",
  seconds: 0,
  before: {},
  after: {},
  stages: [],
  weights: []
}

/** The summary after one more event; the same object when the event does not concern it. */
export const next = (summary: Summary, event: Journal.Event): Summary => {
  switch (event._tag) {
    case "Evaluated":
      return { ...summary, [event.when]: event.scores }
    case "StageEnded": {
      const { seconds, stage: name, steps, why } = event
      return { ...summary, stages: [...summary.stages, { name, steps, seconds, why }] }
    }
    case "WeightsSaved":
      return Journal.isLasting(event.kind)
        ? { ...summary, weights: [...summary.weights, { path: event.path, step: event.step }] }
        : summary
    case "RunEnded":
      return { ...summary, outcome: event.outcome, detail: event.detail, seconds: event.seconds }
    case "Resumed":
      return summary.outcome === "running" ? summary : { ...summary, outcome: "running", detail: "", seconds: 0 }
    case "RunStarted":
    case "StageStarted":
    case "EpisodesMoved":
    case "RoundJudged":
    case "EpisodesWritten":
    case "UpdateStarted":
    case "StepDone":
      return summary
  }
}
