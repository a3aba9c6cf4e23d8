/**
 * Signs that training goes wrong, as a pure function of a stage's reports: each looks at the last `window` of them, and is
 * raised at the step at which it begins to hold, not again while it lasts.
 *
 * What to look for follows the paper (single-stage GRPO collapses with an exploding gradient norm) and what goes wrong
 * beside it: a policy that has stopped exploring, that has stopped calling tools, that writes until it is cut off, that is
 * paid for something else than passing, or groups that have nothing left to teach.
 */
import { Schema } from "effect"
import { type Alarm, type Rate, type StepReport, total } from "./Report.ts"
import { mean, meanDifference, poolMoments, wilsonDifference } from "./Statistics.ts"

const share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const positive = Schema.Finite.check(Schema.isGreaterThan(0))

/** `warn` keeps it in the record and shows it; `stop` also ends the stage, and the next one begins. */
const Action = Schema.Literals(["off", "warn", "stop"])

/** What each alarm is raised by, and what then. */
export const Settings = Schema.Struct({
  /** Reports that each of them looks at. */
  window: Schema.Int.check(Schema.isGreaterThan(1)),
  /** The policy's entropy at its tokens, in nats, was below this in every step. */
  entropy: Schema.Struct({ action: Action, below: positive }),
  /** No group of the whole window had rewards that differ. */
  noSignal: Schema.Struct({ action: Action }),
  /** The share of messages whose calls were executed is below this. */
  noCalls: Schema.Struct({ action: Action, below: share }),
  /** From the first to the second half of the window the reward rose while fewer turns passed, both beyond chance (95 %). */
  rewardWithoutSuccess: Schema.Struct({ action: Action }),
  /**
   * The mean norm of the gradient, before it is clipped, is above this. Where the engine says no norm, it warns that it
   * cannot see, whatever its action.
   */
  gradient: Schema.Struct({ action: Action, above: positive }),
  /** The mean length of a message is above this share of the tokens that it may have. */
  length: Schema.Struct({ action: Action, above: share })
}).annotate({ identifier: "envtune/AlarmSettings" })
export type Settings = typeof Settings.Type

export const defaults: Settings = {
  window: 10,
  entropy: { action: "warn", below: 0.01 },
  noSignal: { action: "warn" },
  noCalls: { action: "warn", below: 0.02 },
  rewardWithoutSuccess: { action: "warn" },
  gradient: { action: "warn", above: 100 },
  length: { action: "warn", above: 0.9 }
}

/** A part of a stage's settings. */
interface Stage {
  readonly alarms: Settings
  readonly sampling: { readonly maxTokens: number }
}

type Window = ReadonlyArray<StepReport>

const sum = (window: Window, value: (report: StepReport) => number): number =>
  window.reduce((total, report) => total + value(report), 0)

const percent = (value: number): string => `${(value * 100).toFixed(1)} %`

const updatesOf = (window: Window) => window.flatMap(({ update }) => update ?? [])

const messagesOf = (window: Window): number => sum(window, ({ codes }) => total(codes))

const lowEntropy = (window: Window, { alarms: { entropy: { below } } }: Stage): string | undefined => {
  const entropies = updatesOf(window).map(({ entropy }) => entropy)
  return entropies.length === window.length && entropies.every((entropy) => entropy < below)
    ? `the entropy was below ${below} nats in ${window.length} steps, ${entropies.at(-1)?.toFixed(4)} in the last`
    : undefined
}

const noSignal = (window: Window): string | undefined => {
  const collected = sum(window, ({ groups }) => groups.collected)
  return sum(window, ({ groups }) => groups.trained) === 0
    ? `none of ${collected} groups in ${window.length} steps had rewards that differ: nothing was trained`
    : undefined
}

const noCalls = (window: Window, { alarms: { noCalls: { below } } }: Stage): string | undefined => {
  const messages = messagesOf(window)
  const calling = sum(window, ({ codes }) => (codes["-1"] ?? 0) + (codes["-2"] ?? 0))
  return messages > 0 && calling / messages < below
    ? `${calling} of ${messages} messages in ${window.length} steps called a tool, less than ${percent(below)}`
    : undefined
}

const turnsOf = (window: Window): Rate => ({
  n: sum(window, ({ turns }) => turns.n),
  passed: sum(window, ({ turns }) => turns.passed)
})

const rewardWithoutSuccess = (window: Window): string | undefined => {
  const middle = Math.floor(window.length / 2)
  const [first, second] = [window.slice(0, middle), window.slice(middle)]
  const before = poolMoments(first.map(({ reward }) => reward))
  const after = poolMoments(second.map(({ reward }) => reward))
  const [then, now] = [turnsOf(first), turnsOf(second)]
  if (Math.min(before.n, after.n) < 2 || Math.min(then.n, now.n) < 1) return undefined
  return meanDifference(before, after).low > 0 && wilsonDifference(then, now).high < 0
    ? `the reward rose from ${before.mean.toFixed(3)} to ${after.mean.toFixed(3)} while turns that passed fell from `
      + `${percent(then.passed / then.n)} to ${percent(now.passed / now.n)} within ${window.length} steps`
    : undefined
}

/** Why an alarm cannot tell: a warning of its own. */
interface Blind {
  readonly blind: string
}

const largeGradient = (window: Window, { alarms: { gradient: { above } } }: Stage): string | Blind | undefined => {
  const updates = updatesOf(window)
  const norms = updates.flatMap(({ gradientNorm }) => gradientNorm ?? [])
  if (updates.length > 0 && norms.length === 0) {
    return { blind: `the engine did not say the gradient's norm in ${window.length} steps: nobody sees it explode` }
  }
  const norm = mean(norms)
  return norm > above
    ? `the gradient's norm was ${norm.toPrecision(3)} on average of ${window.length} steps, above ${above}`
    : undefined
}

const longMessages = (window: Window, { alarms: { length: { above } }, sampling }: Stage): string | undefined => {
  const length = sum(window, ({ sampledTokens }) => sampledTokens) / Math.max(1, messagesOf(window))
  return length > above * sampling.maxTokens
    ? `messages had ${length.toFixed(1)} tokens on average of ${window.length} steps, of ${sampling.maxTokens} at most`
    : undefined
}

const signs: ReadonlyArray<
  readonly [
    kind: Alarm["kind"],
    setting: Exclude<keyof Settings, "window">,
    sign: (window: Window, stage: Stage) => string | Blind | undefined
  ]
> = [
  ["entropy", "entropy", lowEntropy],
  ["no_signal", "noSignal", noSignal],
  ["no_calls", "noCalls", noCalls],
  ["reward_without_success", "rewardWithoutSuccess", rewardWithoutSuccess],
  ["gradient", "gradient", largeGradient],
  ["length", "length", longMessages]
]

/** What holds at the last of these reports. */
const holding = (stage: Stage, reports: Window): ReadonlyArray<Alarm> => {
  const { alarms } = stage
  const window = reports.slice(-alarms.window)
  if (window.length < alarms.window) return []
  return signs.flatMap(([kind, setting, sign]): ReadonlyArray<Alarm> => {
    const { action } = alarms[setting]
    const seen = action === "off" ? undefined : sign(window, stage)
    if (action === "off" || seen === undefined) return []
    return [typeof seen === "string" ? { kind, action, says: seen } : { kind, action: "warn", says: seen.blind }]
  })
}

/** The alarms that begin with the last of a stage's reports, which are given oldest first. */
export const raised = (stage: Stage, reports: Window): ReadonlyArray<Alarm> => {
  const before = new Set(holding(stage, reports.slice(0, -1)).map(({ kind }) => kind))
  return holding(stage, reports).filter(({ kind }) => !before.has(kind))
}
