/** A step's report as named numbers: what dashboards draw. Names are paths, `group/name`, the same for every run. */
import { type StepReport, total } from "./Report.ts"

export interface Scalar {
  readonly name: string
  readonly value: number
}

const share = (name: string, passed: number, n: number): ReadonlyArray<Scalar> =>
  n === 0 ? [] : [{ name, value: passed / n }]

/** Only what the step has: no share of nothing, no update where nothing was trained. */
export const ofReport = (report: StepReport): ReadonlyArray<Scalar> => {
  const { breaks, categories, codes, diagnoses, groups, hints, ledger, reward, sampledTokens, seconds, success } =
    report
  const { staleness, terms, turns, update } = report
  const messages = total(codes)
  const calling = (codes["-1"] ?? 0) + (codes["-2"] ?? 0)
  return [
    ...(reward.n === 0 ? [] : [{ name: "reward/mean", value: reward.mean }, {
      name: "reward/variance",
      value: reward.variance
    }]),
    ...Object.entries(terms).map(([name, value]) => ({ name: `reward/terms/${name}`, value })),
    ...share("success/all", success.passed, success.n),
    ...Object.entries(categories).flatMap(([name, { n, passed }]) => share(`success/${name}`, passed, n)),
    ...share("success/turns", turns.passed, turns.n),
    ...Object.entries(diagnoses).map(([label, value]) => ({ name: `diagnoses/${label}`, value })),
    ...share("groups/live", groups.trained, groups.collected),
    ...share("messages/calling", calling, messages),
    ...share("messages/malformed", codes["-3"] ?? 0, messages),
    ...share("messages/failed", codes["-2"] ?? 0, calling),
    ...share("hints/per_episode", total(hints), success.n),
    ...share("tokens/per_episode", sampledTokens, success.n),
    ...(breaks === undefined ? [] : [{ name: "segments/breaks", value: breaks }]),
    { name: "episodes/attempted", value: ledger.attempted },
    { name: "episodes/trained", value: ledger.trained },
    { name: "episodes/filtered", value: total(ledger.filtered) },
    { name: "episodes/failed", value: total(ledger.failed) },
    ...(update === undefined
      ? []
      : Object.entries(update).map(([name, value]) => ({ name: `update/${name}`, value }))),
    ...(staleness === undefined ? [] : [{ name: "staleness", value: staleness }]),
    { name: "stage", value: report.stageIndex },
    { name: "seconds/collect", value: seconds.collect },
    { name: "seconds/train", value: seconds.train }
  ]
}
