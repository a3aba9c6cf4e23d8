/** When a stage is over. A rule is a pure function of the stage's own reports, oldest first. */
import type { StepReport } from "./Report.ts"
import { slope, wilson } from "./Statistics.ts"

export interface Decision {
  readonly over: boolean
  /** The rule's state in words and numbers, whether or not the stage is over. */
  readonly why: string
  /** How far the stage is, 0 to 1, where the rule can tell. For display only. */
  readonly progress?: number
}

export type Advance = (reports: ReadonlyArray<StepReport>) => Decision

const share = (part: number, whole: number): number => whole <= 0 ? 1 : Math.max(0, Math.min(1, part / whole))

const shown = (value: number): string => Number.isFinite(value) ? value.toFixed(3) : String(value)

/** After a fixed number of steps. */
export const after = (steps: number): Advance => (reports) => ({
  over: reports.length >= steps,
  why: `step ${reports.length} of ${steps}`,
  progress: share(reports.length, steps)
})

/**
 * The mean reward over the last `window` steps is at least `bound` with 95 % confidence: its
 * lower confidence bound (normal, over the window's episodes) is compared, so few episodes do not pass by luck.
 */
export const rewardAbove = (bound: number, options: { readonly window: number }): Advance => (reports) => {
  if (reports.length < options.window) return { over: false, why: `window ${reports.length} of ${options.window}` }
  const recent = reports.slice(-options.window)
  const n = recent.reduce((sum, report) => sum + report.reward.n, 0)
  if (n < 2) return { over: false, why: "no scored episodes in the window" }
  const mean = recent.reduce((sum, { reward }) => sum + reward.n * reward.mean, 0) / n
  const within = recent.reduce((sum, { reward }) => sum + Math.max(0, reward.n - 1) * reward.variance, 0)
  const between = recent.reduce((sum, { reward }) => sum + reward.n * (reward.mean - mean) ** 2, 0)
  const low = mean - 1.959963984540054 * Math.sqrt((within + between) / (n - 1) / n)
  return {
    over: low >= bound,
    why: `reward ${shown(mean)}, lower bound ${shown(low)} of ${bound}`,
    progress: share(low, bound)
  }
}

/** As `rewardAbove`, for the share of episodes that passed every turn (Wilson's lower bound). */
export const successAbove = (bound: number, options: { readonly window: number }): Advance => (reports) => {
  if (reports.length < options.window) return { over: false, why: `window ${reports.length} of ${options.window}` }
  const recent = reports.slice(-options.window)
  const n = recent.reduce((sum, report) => sum + report.success.n, 0)
  const passed = recent.reduce((sum, report) => sum + report.success.passed, 0)
  const { low } = wilson(passed, n)
  return {
    over: n > 0 && low >= bound,
    why: `success ${passed} of ${n}, lower bound ${shown(low)} of ${bound}`,
    progress: share(low, bound)
  }
}

/** The mean reward has stopped rising: its least-squares slope over the last `window` steps is at most `tolerance` a step. */
export const plateau = (options: { readonly window: number; readonly tolerance: number }): Advance => (reports) => {
  if (reports.length < options.window) return { over: false, why: `window ${reports.length} of ${options.window}` }
  const rise = slope(reports.slice(-options.window).map((report) => report.reward.mean))
  return { over: rise <= options.tolerance, why: `slope ${shown(rise)} a step, plateau at ${options.tolerance}` }
}

/** The stage has run for this long. Not reproducible across machines: meant for time-boxed runs. */
export const elapsed = (seconds: number): Advance => (reports) => {
  const spent = reports.reduce((sum, report) => sum + report.seconds.collect + report.seconds.train, 0)
  return {
    over: spent >= seconds,
    why: `${spent.toFixed(0)} s of ${seconds.toFixed(0)} s`,
    progress: share(spent, seconds)
  }
}

const progressOf = (
  decisions: ReadonlyArray<Decision>,
  choose: (...known: ReadonlyArray<number>) => number
): Pick<Decision, "progress"> => {
  const known = decisions.flatMap(({ progress }) => progress ?? [])
  return known.length === 0 ? {} : { progress: choose(...known) }
}

/** As soon as one of the rules says so. */
export const any = (...rules: ReadonlyArray<Advance>): Advance => (reports) => {
  const decisions = rules.map((rule) => rule(reports))
  const over = decisions.filter((decision) => decision.over)
  return {
    over: over.length > 0,
    why: (over.length > 0 ? over : decisions).map(({ why }) => why).join("; "),
    ...progressOf(decisions, Math.max)
  }
}

/** When all of the rules say so at the same step. */
export const all = (...rules: ReadonlyArray<Advance>): Advance => (reports) => {
  const decisions = rules.map((rule) => rule(reports))
  return {
    over: decisions.every((decision) => decision.over),
    why: decisions.map(({ why }) => why).join("; "),
    ...progressOf(decisions, Math.min)
  }
}
