/**
 * What a run looks like while it runs: text, as a pure function of what has happened.
 *
 * `next` folds events into a state and `lines` draws it, never wider than the terminal; `line`
 * is an event in one line, for output that is not a terminal. The adapter that puts them on a
 * screen is show.ts.
 */
import type { Manifest } from "../domain/Manifest.ts"
import { type Counts, type Rate, type Scores, type StepReport, total } from "../domain/Report.ts"
import type { RunEvent } from "../domain/RunStore.ts"
import type { Update } from "../domain/Trainer.ts"
import * as Text from "./text.ts"

type Phase =
  | { readonly _tag: "Starting" }
  | { readonly _tag: "Evaluating"; readonly when: "before" | "after"; readonly done: number; readonly passed: number }
  | { readonly _tag: "Training" }
  | { readonly _tag: "Ended"; readonly outcome: string }

export interface State {
  readonly phase: Phase
  /** Milliseconds. */
  readonly startedAt: number
  readonly manifest?: Manifest
  /** Episodes of one evaluation. */
  readonly evaluationSize: number
  readonly before?: Scores
  readonly after?: Scores
  readonly stageIndex: number
  /** Of the current stage, oldest first. */
  readonly reports: ReadonlyArray<StepReport>
  /** Over the whole run. */
  readonly steps: number
  readonly hints: Counts
}

export const start = (now: number, evaluationSize: number): State => ({
  phase: { _tag: "Starting" },
  startedAt: now,
  evaluationSize,
  stageIndex: 0,
  reports: [],
  steps: 0,
  hints: {}
})

/** An episode of an evaluation was played. */
export const played = (state: State, when: "before" | "after", passed: boolean): State => {
  const so = state.phase._tag === "Evaluating" && state.phase.when === when ? state.phase : { done: 0, passed: 0 }
  return {
    ...state,
    phase: { _tag: "Evaluating", when, done: so.done + 1, passed: so.passed + (passed ? 1 : 0) }
  }
}

const addCounts = (a: Counts, b: Counts): Counts => {
  const sum: Record<string, number> = { ...a }
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count
  return sum
}

export const next = (state: State, event: RunEvent): State => {
  switch (event._tag) {
    case "RunStarted":
      return { ...state, manifest: event.manifest, startedAt: event.milliseconds }
    case "StageStarted":
      return { ...state, phase: { _tag: "Training" }, stageIndex: event.index, reports: [], hints: {} }
    case "StepDone":
      return {
        ...state,
        reports: [...state.reports, event.report],
        steps: state.steps + 1,
        hints: addCounts(state.hints, event.report.hints)
      }
    case "Evaluated":
      return { ...state, [event.when]: event.scores }
    case "RunEnded":
      return { ...state, phase: { _tag: "Ended", outcome: event.outcome } }
    case "EpisodesMoved":
    case "EpisodeAttempted":
    case "RoundJudged":
    case "UpdateStarted":
    case "StageEnded":
    case "WeightsSaved":
    case "Resumed":
      return state
  }
}

type Style = "plain" | "bold" | "dim" | "accent" | "good" | "alarm"

interface Span {
  readonly text: string
  readonly style: Style
}

const span = (text: string, style: Style = "plain"): Span => ({ text, style })

const escapes: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "1",
  dim: "2",
  accent: "36",
  good: "32",
  alarm: "33"
}

export interface Screen {
  readonly columns: number
  readonly colors: boolean
  /** Milliseconds. */
  readonly now: number
}

/** Spans as one line, cut at the screen's edge. */
const draw = (spans: ReadonlyArray<Span>, { colors, columns }: Screen): string => {
  let room = columns
  let line = ""
  for (const { style, text } of spans) {
    const cut = Array.from(text).slice(0, room).join("")
    room -= Array.from(cut).length
    line += colors && style !== "plain" && cut.trim() !== "" ? `\x1b[${escapes[style]}m${cut}\x1b[0m` : cut
    if (room <= 0) break
  }
  return line.trimEnd()
}

const labelWidth = 10
const label = (text: string): Span => span(text.padEnd(labelWidth), "dim")

const barWidth = (columns: number): number => Math.max(0, Math.min(30, columns - 50))

const stageSpent = (reports: ReadonlyArray<StepReport>): number =>
  reports.reduce((sum, { seconds }) => sum + seconds.collect + seconds.train, 0)

/** Seconds that the stage will still take if it goes on as it went; unknown while it has hardly begun. */
export const secondsLeft = (reports: ReadonlyArray<StepReport>): number | undefined => {
  const progress = reports.at(-1)?.advance.progress
  if (progress === undefined || progress < 0.05) return undefined
  return (stageSpent(reports) * (1 - progress)) / progress
}

const mostFrequent = (counts: Counts, n: number): string =>
  Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, n)
    .map(([name, count]) => `${name} ${count}`)
    .join("  ")

const halfWidth = ({ n, variance }: StepReport["reward"]): string =>
  n < 2 ? "" : ` \u00b1 ${(1.96 * Math.sqrt(variance / n)).toFixed(3)}`

const categoryLines = (
  categories: Readonly<Record<string, Rate>>,
  columns: number
): ReadonlyArray<ReadonlyArray<Span>> => {
  const names = Object.keys(categories).toSorted()
  if (names.length < 2) return []
  const width = Math.max(...names.map((name) => name.length))
  return names.map((name) => {
    const counted = categories[name] ?? { n: 0, passed: 0 }
    return [
      label(""),
      span(`${name.padEnd(width)}  `),
      span(`${Text.bar(Text.share(counted), Math.min(20, barWidth(columns)))} `, "accent"),
      span(Text.rate(counted)),
      span(`  n ${counted.n}`, "dim")
    ]
  })
}

/** The latest alarm of the stage, and how many there were. */
const alarmLines = ({ reports }: State): ReadonlyArray<ReadonlyArray<Span>> => {
  const raised = reports.flatMap(({ alarms, stageStep }) => alarms.map((alarm) => ({ ...alarm, stageStep })))
  const last = raised.at(-1)
  return last === undefined
    ? []
    : [[
      label("alarm"),
      span(`step ${last.stageStep + 1}: ${last.says}`, "alarm"),
      span(`   ${raised.length} in all`, "dim")
    ]]
}

/** What an update measured, as far as the engine lets it be seen. */
const updateParts = ({ entropy, gradientNorm, kl }: Update): ReadonlyArray<string> => [
  `entropy ${entropy.toFixed(3)}`,
  ...(kl === undefined ? [] : [`KL ${kl.toFixed(4)}`]),
  ...(gradientNorm === undefined ? [] : [`|g| ${gradientNorm.toFixed(2)}`])
]

const reportLines = (state: State, report: StepReport, { columns }: Screen): ReadonlyArray<ReadonlyArray<Span>> => {
  const { advance, reward, success, turns, update } = report
  const hints = total(state.hints)
  const perSecond = report.seconds.collect > 0 ? report.sampledTokens / report.seconds.collect : 0
  const progress = advance.progress === undefined || barWidth(columns) === 0
    ? []
    : [span(`${Text.bar(advance.progress, barWidth(columns))} `, "good")]
  return [
    [label("advance"), ...progress, span(advance.why)],
    [
      label("reward"),
      span(reward.mean.toFixed(3), "bold"),
      span(`${halfWidth(reward)}  n ${reward.n}  `, "dim"),
      span(Text.sparkline(state.reports.map(({ reward }) => reward.mean), barWidth(columns)), "accent")
    ],
    [
      label("success"),
      span(Text.rate(success), "bold"),
      span(`  n ${success.n}   turns ${Text.percent(Text.share(turns))}`, "dim")
    ],
    ...categoryLines(report.categories, columns),
    [
      label("hints"),
      span(hints === 0 ? "none in this stage" : `${hints}  `),
      span(mostFrequent(state.hints, 3), "dim")
    ],
    update === undefined
      ? [label("update"), span("no group had signal; nothing was trained")]
      : [
        label("update"),
        span(updateParts(update).join("   ")),
        span(`   ${Text.grouped(perSecond)} tokens/s`, "dim")
      ],
    ...alarmLines(state)
  ]
}

const stageLine = ({ manifest, reports, stageIndex, steps }: State): ReadonlyArray<Span> => {
  const stages = manifest?.stages ?? []
  return [
    label("stage"),
    span(`${stageIndex + 1} of ${stages.length}  `, "bold"),
    span(stages[stageIndex]?.name ?? ""),
    span(`   step ${reports.length}${steps === reports.length ? "" : `, ${steps} in all`}`, "dim")
  ]
}

const timeLine = (state: State, now: number): ReadonlyArray<Span> => {
  const left = state.phase._tag === "Training" ? secondsLeft(state.reports) : undefined
  return [
    label("time"),
    span(Text.duration((now - state.startedAt) / 1000)),
    ...(left === undefined ? [] : [span(`   about ${Text.duration(left)} left in this stage`, "dim")])
  ]
}

const phaseLines = (state: State, screen: Screen): ReadonlyArray<ReadonlyArray<Span>> => {
  const { phase } = state
  const report = state.reports.at(-1)
  switch (phase._tag) {
    case "Starting":
      return [[span("starting", "dim")]]
    case "Evaluating": {
      const { done, passed, when } = phase
      const progress = Text.bar(done / Math.max(1, state.evaluationSize), barWidth(screen.columns))
      return [[
        label("evaluate"),
        span(`${progress} `, "good"),
        span(`${done} of ${state.evaluationSize} episodes, ${passed} passed`),
        span(`  (${when} training)`, "dim")
      ]]
    }
    case "Training":
      return [stageLine(state), ...(report === undefined ? [] : reportLines(state, report, screen))]
    case "Ended":
      return report === undefined ? [] : [stageLine(state), ...reportLines(state, report, screen)]
  }
}

/** The view of a state: a handful of lines, each at most `columns` wide. */
export const lines = (state: State, screen: Screen): ReadonlyArray<string> =>
  [
    [
      span("envtune ", "bold"),
      span(state.manifest?.curriculum ?? ""),
      ...(state.manifest === undefined ? [] : [span(`   seed ${state.manifest.seed}`, "dim")])
    ],
    ...phaseLines(state, screen),
    timeLine(state, screen.now)
  ].map((spans) => draw(spans, screen))

const stepLine = (report: StepReport): string => {
  const { advance, reward, stage, stageIndex, stageStep, success, turns, update } = report
  const parts = [
    `stage ${stageIndex + 1} (${stage}) step ${stageStep + 1}`,
    `reward ${reward.mean.toFixed(3)}${halfWidth(reward)}`,
    `success ${Text.rate(success)} n ${success.n}`,
    `turns ${Text.percent(Text.share(turns))}`,
    ...(total(report.hints) === 0 ? [] : [`hints ${total(report.hints)}`]),
    ...(update === undefined
      ? ["not trained"]
      : updateParts(update)),
    ...(report.breaks === undefined ? [] : [`breaks ${report.breaks}`]),
    ...(report.staleness === undefined ? [] : [`stale by ${report.staleness}`]),
    `${(report.seconds.collect + report.seconds.train).toFixed(1)} s`,
    advance.why,
    ...report.alarms.map(({ says }) => `ALARM ${says}`)
  ]
  return parts.join("  ")
}

/** An event in one line; `undefined` for those that are not news. */
export const line = (event: RunEvent): string | undefined => {
  switch (event._tag) {
    case "RunStarted":
      return `curriculum ${event.manifest.curriculum}, seed ${event.manifest.seed}, ${event.manifest.stages.length} stages`
    case "StageStarted":
      return `stage ${event.index + 1} (${event.stage}) begins`
    case "StepDone":
      return stepLine(event.report)
    case "StageEnded":
      return `stage ${event.stage} is over after ${event.steps} steps, ${Text.duration(event.seconds)}: ${event.why}`
    case "Evaluated": {
      const cells = Object.entries(event.scores).map(([name, counted]) =>
        `${name} ${Text.rate(counted)} n ${counted.n}`
      )
      return `evaluated ${event.when} training in ${Text.duration(event.seconds)}: ${cells.join(", ")}`
    }
    case "WeightsSaved":
      return event.kind === "step" ? undefined : `weights saved to ${event.path} after ${event.step} steps`
    case "Resumed":
      return `resumed after ${event.step} steps`
    case "RunEnded":
      return `run ${event.outcome} after ${Text.duration(event.seconds)}${
        event.detail === "" ? "" : `: ${event.detail}`
      }`
    case "EpisodesMoved":
    case "EpisodeAttempted":
    case "RoundJudged":
    case "UpdateStarted":
      return undefined
  }
}
