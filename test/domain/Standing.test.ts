import { assert, describe, it } from "@effect/vitest"
import * as Journal from "../../src/domain/Journal.ts"
import * as Standing from "../../src/domain/Standing.ts"

const entry = (...events: ReadonlyArray<Journal.Event>): Journal.Entry => ({ events, lengths: Journal.empty })

const saved = (kind: Journal.WeightsKind, step: number): Journal.Event => ({
  _tag: "WeightsSaved",
  path: `checkpoints/${kind}-${step}`,
  step,
  kind,
  seconds: { run: step + 1, training: step }
})

/** A step that takes these tasks and makes so many optimiser steps. */
const step = (number: number, tasks: ReadonlyArray<string>, updates: number): ReadonlyArray<Journal.Entry> => [
  entry(
    {
      _tag: "RoundJudged",
      stageIndex: 0,
      step: number,
      round: 0,
      groups: tasks.map((task) => ({ task, admitted: updates > 0, why: updates > 0 ? "signal" : "no_signal" }))
    },
    ...(updates === 0 ? [] : [{ _tag: "UpdateStarted", step: number, groups: 1, episodes: 2, updates } as const])
  ),
  entry({ _tag: "StepDone", stageIndex: 0, step: number, trained: updates > 0 })
]

const evaluated = (when: "before" | "after"): Journal.Entry =>
  entry({ _tag: "Evaluated", when, scores: {}, seconds: 2 })

const stageStarted = (index: number): Journal.Entry => entry({ _tag: "StageStarted", stage: "one", index })
const stageEnded = entry({ _tag: "StageEnded", stage: "one", steps: 2, seconds: 1, why: "over" })

const history = (...entries: ReadonlyArray<Journal.Entry>) => entries.reduce(Standing.next, Standing.none)

const lastPoint = (...entries: ReadonlyArray<Journal.Entry>) => history(...entries).points.at(-1)

describe("Standing", () => {
  it("is at the beginning while no weights were saved", () => {
    assert.deepStrictEqual(lastPoint(entry({ _tag: "RunStarted", milliseconds: 0 })), Standing.beginning)
  })

  it("counts steps, optimiser steps and tasks up to the last weights, and nothing after them", () => {
    const point = lastPoint(
      entry(saved("start", 0)),
      stageStarted(0),
      ...step(0, ["a", "b"], 2),
      ...step(1, ["c"], 0),
      entry(saved("step", 2)),
      ...step(2, ["d"], 2)
    )
    assert.deepInclude(point, { weights: "checkpoints/step-2", entries: 7 })
    assert.deepStrictEqual(point?.standing, {
      stageIndex: 0,
      begun: true,
      steps: 2,
      updates: 2,
      rounds: [["a", "b"], ["c"]],
      evaluated: { before: false, after: false },
      seconds: { run: 3, training: 2 }
    })
  })

  it("begins the next stage after the weights of one that is over", () => {
    const point = lastPoint(stageStarted(0), ...step(0, ["a"], 1), stageEnded, entry(saved("stage", 1)))
    assert.deepInclude(point?.standing, { stageIndex: 1, begun: false, rounds: [], steps: 1 })
  })

  it("does not evaluate again what was evaluated with the weights it goes on from", () => {
    const before = lastPoint(entry(saved("start", 0)), evaluated("before"))
    assert.deepInclude(before, { weights: "checkpoints/start-0", entries: 2 })
    assert.deepStrictEqual(before?.standing.evaluated, { before: true, after: false })
    const after = lastPoint(stageStarted(0), ...step(0, ["a"], 1), entry(saved("stage", 1)), evaluated("after"))
    assert.isTrue(after?.standing.evaluated.after)
  })

  it("does not go on from weights that may lie within a step", () => {
    const point = lastPoint(entry(saved("start", 0)), stageStarted(0), ...step(0, ["a"], 1), entry(saved("partial", 1)))
    assert.strictEqual(point?.weights, "checkpoints/start-0")
  })

  it("goes on from where a run ended in order, behind its end", () => {
    const ended = [
      entry(saved("start", 0)),
      stageStarted(0),
      ...step(0, ["a"], 1),
      entry({ _tag: "EpisodesMoved", stageIndex: 0, step: 1, moves: { b: "(." } }),
      entry(saved("end", 1)),
      entry({ _tag: "RunEnded", outcome: "interrupted", detail: "interrupted", seconds: 2 })
    ]
    const point = lastPoint(...ended)
    assert.deepInclude(point, { weights: "checkpoints/end-1", entries: ended.length })
    assert.deepInclude(point?.standing, { steps: 1, updates: 1, rounds: [["a"]], begun: true })
    const resumed = [...ended, entry({ _tag: "Resumed", milliseconds: 3, step: 1 })]
    assert.deepStrictEqual(lastPoint(...resumed), { ...point, entries: resumed.length })
    assert.deepInclude(lastPoint(...resumed, ...step(1, ["b"], 1)), { entries: resumed.length })
  })

  it("is not behind episodes that began after a step whose weights were not saved", () => {
    const moved = entry({ _tag: "EpisodesMoved", stageIndex: 0, step: 1, moves: { b: "(." } })
    const point = lastPoint(entry(saved("start", 0)), stageStarted(0), ...step(0, ["a"], 1), moved)
    assert.deepInclude(point, { weights: "checkpoints/start-0", entries: 2 })
  })

  it("knows how a run ended", () => {
    const ended = history(entry({ _tag: "RunEnded", outcome: "failed", detail: "no space", seconds: 1 }))
    assert.strictEqual(ended.ended, "failed")
  })
})
