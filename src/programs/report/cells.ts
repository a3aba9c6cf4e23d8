/** What several tables have in their cells. */
import type { Rate } from "../../domain/Report.ts"
import { type Interval, wilson } from "../../domain/Statistics.ts"
import * as Text from "../text.ts"
import { html, type Part } from "./html.ts"

export const short = (rate: Rate): string => rate.n === 0 ? "-" : Text.percent(Text.share(rate))

export const withInterval = (rate: Rate, interval: Interval = wilson(rate.passed, rate.n)): Part =>
  rate.n === 0 ? "-" : html`${short(rate)} <small>${Text.percentInterval(interval)}</small>`

/** `part/category`, which a narrow screen may break in two. */
export const breakable = (name: string): Part => {
  const [part, category] = name.split("/")
  return category === undefined ? name : html`${part}/<wbr>${category}`
}

/** A difference in points with its interval, in colour where zero is not within it. Nothing to draw from has no interval. */
export const difference = (value: number, { high, low }: Interval): Part => {
  const points = value * 100
  const kind = low > 0 ? "up" : high < 0 ? "down" : ""
  return html`<span class="${kind}">${points < 0 ? "\u2212" : "+"}${Math.abs(points).toFixed(1)}</span> <small>${
    low === high ? "no task differs" : Text.percentInterval({ low, high }).replaceAll("-", "\u2212")
  }</small>`
}

/** A share at the axis of a chart. */
export const percentTick = (value: number): string => `${Number((value * 100).toFixed(1))} %`
