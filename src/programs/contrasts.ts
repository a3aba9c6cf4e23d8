/** What ablations and counterfactuals came to, as tables and in sentences. */
import type { Ablation, Contrast } from "../domain/Ablation.ts"
import type { Counterfactual } from "./counterfactual.ts"
import { difference95, probability } from "./tables.ts"
import * as Text from "./text.ts"

/** Every arm on the held-out test tasks; the differences are from the first arm, in percentage points. */
export const ablation = ({ arms, contrasts }: Ablation): ReadonlyArray<string> => {
  const cells = Object.keys(arms[0]?.cells ?? {}).filter((name) => name.startsWith("test"))
  return Text.table([
    [
      "after training",
      "n",
      ...cells.map((name) => name.replace("test/", "")),
      `minus ${arms[0]?.name}, 95 %`,
      "p (Holm)"
    ],
    ...arms.map(({ cells: of, name }) => {
      const contrast = contrasts.find(({ arm }) => arm === name)
      const whole = of[cells.at(-1) ?? ""]
      return [
        name,
        String(whole?.after.rate.n ?? 0),
        ...cells.map((cell) => {
          const one = of[cell]
          return one === undefined ? "-" : Text.rate(one.after.rate, one.after.interval)
        }),
        ...(contrast === undefined ? [] : [difference95(contrast.overall), probability(contrast.p)])
      ]
    })
  ])
}

/** Whether another training says the same. */
const agreement = ({ bySeed }: Contrast): string => {
  if (bySeed.length < 2) return ""
  const signs = new Set(bySeed.map(({ difference }) => Math.sign(difference)))
  return `; ${signs.size === 1 ? "of one sign" : "not of one sign"} in all trainings: ${
    bySeed.map(({ difference }) => Text.points(difference)).join(", ")
  }`
}

const verdict = ({ overall: { detectable }, significant }: Contrast): string => {
  if (significant) return "significant over tasks"
  const found = detectable === undefined
    ? ""
    : ` (${(detectable * 100).toFixed(1)} points would have been found four times in five)`
  return `not significant over tasks${found}`
}

/** What is and is not significant, in sentences. */
export const statements = ({ arms, contrasts }: Ablation): ReadonlyArray<string> => {
  const [first] = arms
  if (contrasts.length === 0 || first === undefined) return []
  const trainings = first.seeds.length
  return [
    ...contrasts.map((contrast) => {
      const { arm, overall, p } = contrast
      return `${arm}: ${Text.percent(overall.second)} of the held-out tasks pass, ${Text.percent(overall.first)} in `
        + `${first.name}: ${difference95(overall)} points, p ${probability(p)} after Holm, `
        + `${verdict(contrast)}${agreement(contrast)}.`
    }),
    trainings === 1
      ? "Every arm was trained once: these numbers say that two models differ, not that another training would."
      : `Intervals and p are over tasks, for these ${trainings} trainings of every arm.`
  ]
}

/** What a rule is worth, in percentage points. */
export const counterfactual = (
  { p, played, recorded, rule, spoke, success, turns }: Counterfactual
): ReadonlyArray<string> => [
  `${rule} spoke in ${recorded} episodes of the run; ${played} of them were played again, and it spoke in ${spoke}`,
  "",
  ...Text.table([
    ["passed", "tasks", "without", "with", "with - without, 95 %", "p"],
    ...([["episodes", success, probability(p)], ["turns", turns, ""]] as const).map(([name, comparison, chance]) => [
      name,
      String(comparison.tasks),
      Text.percent(comparison.first),
      Text.percent(comparison.second),
      difference95(comparison),
      chance
    ])
  ])
]
