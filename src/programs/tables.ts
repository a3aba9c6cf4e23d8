/** Evaluations and scores as tables of plain text. */
import * as Scores from "../domain/bfcl/Scores.ts"
import { labels } from "../domain/Diagnosis.ts"
import type { Accuracies, Accuracy, Cell, Evaluation } from "../domain/Evaluation.ts"
import * as Forecast from "../domain/Forecast.ts"
import type * as Paired from "../domain/Paired.ts"
import { total } from "../domain/Report.ts"
import type * as Rescore from "../domain/Rescore.ts"
import type { Compared } from "./compare.ts"
import type { Foreseen } from "./foresee.ts"
import * as Text from "./text.ts"

const unfinished = ({ unfinished = {} }: Partial<Cell>): string =>
  total(unfinished) === 0 ? "" : `${total(unfinished)} unfinished`

const row = (name: string, cell: Cell): ReadonlyArray<string> => [
  name,
  String(cell.success.n),
  Text.rate(cell.success, cell.interval),
  cell.turns.n === 0 ? "-" : Text.percent(Text.share(cell.turns)),
  unfinished(cell)
]

/** Cells, and every part of several categories as a whole. */
const named = <A extends Accuracy>({ cells, parts }: Accuracies<A>): ReadonlyArray<readonly [string, A]> =>
  Object.entries(parts).flatMap(([part, whole]) => {
    const own = Object.entries(cells).filter(([name]) => name.startsWith(`${part}/`))
    return own.length < 2 ? own : [...own, [`${part}, all`, whole] as const]
  })

/** Why turns failed: those of the labels that there are, in the order of `Diagnosis.labels`. */
const diagnoses = (all: ReturnType<typeof named<Cell>>): ReadonlyArray<string> => {
  const found = labels.filter((label) => all.some(([, cell]) => cell.diagnoses[label] !== undefined))
  if (found.length === 0) return []
  return [
    "",
    ...Text.table([
      ["turns that failed", "all", ...found.map((label) => label.replaceAll("_", " "))],
      ...all.map(([name, { diagnoses }]) => [
        name,
        String(total(diagnoses)),
        ...found.map((label) => String(diagnoses[label] ?? 0))
      ])
    ])
  ]
}

/** One evaluation: episodes that passed with n and 95 % intervals, turns, and why turns failed. */
export const evaluation = (result: Evaluation): ReadonlyArray<string> => {
  const all = named(result)
  return [
    ...Text.table([
      ["", "n", "passed, 95 % interval", "turns", ""],
      ...all.map(([name, cell]) => row(name, cell))
    ]),
    ...diagnoses(all)
  ]
}

/** In percentage points. */
const change = (from: Accuracy | undefined, to: Accuracy): string => {
  if (from === undefined || from.success.n === 0 || to.success.n === 0) return "-"
  const points = (Text.share(to.success) - Text.share(from.success)) * 100
  return `${points < 0 ? "" : "+"}${points.toFixed(1)}`
}

/** The weights before and after, on the same tasks. */
export const comparison = (before: Accuracies, after: Accuracies<Accuracy & Partial<Cell>>): ReadonlyArray<string> => {
  const then = new Map(named(before))
  return Text.table([
    ["", "n", "before, 95 % interval", "after, 95 % interval", "change", ""],
    ...named(after).map(([name, cell]) => {
      const from = then.get(name)
      return [
        name,
        String(cell.success.n),
        from === undefined ? "-" : Text.rate(from.success, from.interval),
        Text.rate(cell.success, cell.interval),
        change(from, cell),
        unfinished(cell)
      ]
    })
  ])
}

const officialErrors = [
  "instance_state_mismatch",
  "execution_response_mismatch",
  "empty_turn_model_response",
  "force_terminated",
  "inference_error"
] as const

const interval = ({ accuracy, interval, tasks }: Scores.Summary): string =>
  tasks === 0 ? "-" : `${Text.percent(accuracy)} ${Text.percentInterval(interval)}`

const summaries = (model: Scores.ModelRuns): ReadonlyArray<readonly [string, Scores.Summary]> => [
  ...Scores.categoriesOf(model).map((category) =>
    [category.replace("multi_turn_", ""), Scores.summarise(Scores.ofCategory(model, category))] as const
  ),
  ["pooled", Scores.summarise(Scores.ofAll(model))]
]

const share = (value: number | undefined): string => value === undefined ? "-" : Text.percent(value)

/**
 * One model: accuracy with n and 95 % intervals, why entries failed, and what several runs say beyond that. `pooled` is
 * over all entries alike, `overall` the leaderboard's mean of the four categories.
 */
export const scores = (model: Scores.ModelRuns): ReadonlyArray<string> => {
  const all = summaries(model)
  const several = model.runs.length > 1
  const k = model.runs.length
  return Text.table([
    [
      model.model,
      "n",
      several ? "pass@1, 95 % interval" : "accuracy, 95 % interval",
      ...several ? [`pass@${k}`, `pass^${k}`, "sd of runs"] : [],
      "state",
      "response",
      "empty",
      "forced",
      "error"
    ],
    ...all.map(([name, summary]) => [
      name,
      String(summary.tasks),
      interval(summary),
      ...several
        ? [share(summary.passAt[k - 1]), share(summary.passHat[k - 1]), (summary.deviation * 100).toFixed(1)]
        : [],
      ...officialErrors.map((type) => String(summary.errors[type] ?? 0))
    ]),
    ["overall", "", Text.percent(Scores.overall(model))]
  ])
}

export const probability = (p: number): string => p < 0.0001 ? "< 0.0001" : p.toFixed(4)

/** In percentage points, with its 95 % interval. */
export const difference95 = ({ difference, interval: { high, low } }: Paired.Comparison): string =>
  `${Text.points(difference)} [${Text.points(low)}, ${Text.points(high)}]`

const pairedRow = (name: string, comparison: Paired.Comparison): ReadonlyArray<string> => {
  const { alike, both, broken, detectable, first, fixed, neither, p, second } = comparison
  return [
    name,
    String(comparison.tasks),
    Text.percent(first),
    Text.percent(second),
    ...[fixed.length, broken.length, both, neither, alike].map(String),
    difference95(comparison),
    probability(p),
    detectable === undefined ? "-" : (detectable * 100).toFixed(1)
  ]
}

const listed = (name: string, ids: ReadonlyArray<string>): ReadonlyArray<string> =>
  ids.length === 0 ? [] : [`${name}: ${ids.join(", ")}`]

/** Two policies on the same tasks; differences and the detectable effect are in percentage points. */
export const paired = (
  { categories, onlyFirst, onlySecond, overall }: Omit<Compared, "warnings">
): ReadonlyArray<string> => {
  const own = Object.entries(categories)
  return [
    ...Text.table([
      ["", "n", "A", "B", "fixed", "broken", "both", "neither", "alike", "B - A, 95 %", "p", "detectable"],
      ...own.map(([name, comparison]) => pairedRow(name, comparison)),
      pairedRow("overall", overall)
    ]),
    ...(onlyFirst + onlySecond === 0 ? [] : [`left out: ${onlyFirst} tasks that only A has, ${onlySecond} only B`]),
    ...listed("fixed", overall.fixed),
    ...listed("broken", overall.broken)
  ]
}

/** Stages under the recorded rules and under others; live groups have something to teach. */
export const rescored = (stages: ReadonlyMap<string, Rescore.Comparison>): ReadonlyArray<string> =>
  Text.table([
    ["", "episodes", "reward", "now", "groups", "live", "now", "sign of advantage turned"],
    ...Array.from(stages, ([name, { both, episodes, groups, recorded, rescored, turned }]) => [
      name,
      String(episodes),
      recorded.reward.toFixed(3),
      rescored.reward.toFixed(3),
      String(groups),
      String(recorded.live),
      String(rescored.live),
      both === 0 ? "-" : `${Text.percent(turned / both)} of ${both}`
    ])
  ])

const ranging = ({ least, most }: Forecast.Range): string =>
  least === most ? Text.short(least) : `${Text.short(least)} to ${Text.short(most)}`

const foreseenRow = (name: string, tasks: string, forecast: Forecast.StageForecast): ReadonlyArray<string> => [
  name,
  tasks,
  Text.grouped(forecast.updates),
  ranging(forecast.episodes),
  ranging(forecast.requests),
  ranging(forecast.readTokens),
  ranging(forecast.sampledTokens),
  Text.short(forecast.trainedTokens)
]

/** What a run would take, at least and at most, and the formula of its GPU hours. */
export const forecast = ({ evaluation, parameters, stages }: Foreseen, gpu: Forecast.Gpu): ReadonlyArray<string> => {
  const parts = [...stages, ...(evaluation === undefined ? [] : [evaluation])]
  const known = parts.flatMap(({ forecast }) => forecast ?? [])
  const whole = Forecast.total(known)
  const { reading, sampling, training } = Forecast.utilisation
  return [
    ...Text.table([
      ["", "tasks", "updates", "episodes", "requests", "tokens read", "sampled", "trained on"],
      ...parts.map(({ forecast, name, size, tasks }) =>
        forecast === undefined
          ? [name, String(tasks), size === undefined ? "no ground truth to play" : "no bound"]
          : foreseenRow(name, String(tasks), forecast)
      ),
      ...(known.length > 1 ? [foreseenRow("all", "", whole)] : [])
    ]),
    "",
    "tokens of episodes that say what the ground truth says; a model that tries again, or says it otherwise, differs",
    ...(whole.savedPasses === 0
      ? []
      : [
        `the server's own ppo is the loss: ${Text.grouped(whole.savedPasses)} passes over what is trained on are saved`
      ]),
    ...(parameters === undefined
      ? ["GPU hours need --parameters: the engine does not say how large the model is"]
      : [
        `${gpu} hours for ${Text.short(parameters)} parameters: ${ranging(Forecast.gpuHours(whole, parameters, gpu))}`,
        `  = parameters * (2 read / ${reading} + 2 sampled / ${sampling} + (8 + 2 * ${
          whole.passes.toFixed(2)
        }) trained / ${training}) / ${Forecast.gpus[gpu].toExponential(2)} / 3600`
      ])
  ]
}
