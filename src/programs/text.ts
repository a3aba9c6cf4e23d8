/** Numbers and tables in plain text, as every command prints them. */
import type { Rate } from "../domain/Report.ts"
import type { Interval } from "../domain/Statistics.ts"
import { wilson } from "../domain/Statistics.ts"
import type { UnderWay } from "../domain/UnderWay.ts"

/** A share in per cent, one decimal. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

/** `[low, high]` in per cent. */
export const percentInterval = ({ high, low }: Interval): string =>
  `[${(low * 100).toFixed(1)}, ${(high * 100).toFixed(1)}]`

/** A difference of shares in percentage points, with its sign. */
export const points = (difference: number): string => `${difference < 0 ? "" : "+"}${(difference * 100).toFixed(1)}`

export const share = ({ n, passed }: Rate): number => n === 0 ? 0 : passed / n

/** `41.2 % [35.0, 47.6]`, or a dash where nothing was counted. */
export const rate = (counted: Rate, interval: Interval = wilson(counted.passed, counted.n)): string =>
  counted.n === 0 ? "-" : `${percent(share(counted))} ${percentInterval(interval)}`

/** Seconds for people: `47 s`, `3 m 20 s`, `1 h 04 m`. */
export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, "0")} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} m`
}

/** A whole number with separators: `12,345`. */
export const grouped = (value: number): string => Math.round(value).toString().replaceAll(/\B(?=(\d{3})+$)/g, ",")

const magnitudes = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]] as const

/** Three digits and a magnitude: `7.60 G`; small numbers as they are. */
export const short = (value: number): string => {
  const magnitude = magnitudes.find(([size]) => value >= size)
  const [size, unit] = magnitude ?? [1, ""]
  return value < 1e3 && Number.isInteger(value)
    ? String(value)
    : `${(value / size).toPrecision(3)}${unit && ` ${unit}`}`
}

/** `1 step`, `2 steps`. */
export const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

/** How many episodes are named where many may be. */
const named = 3

/** A sentence about the episodes that a run left unfinished, if it left any. */
export const underWay = (episodes: UnderWay): ReadonlyArray<string> => {
  if (episodes.size === 0) return []
  const some = Array.from(episodes).slice(0, named).map(([id, { attempts, messages, turn }]) =>
    `${id} in turn ${turn + 1} after ${plural(messages, "message")}${attempts === 1 ? "" : ` of attempt ${attempts}`}`
  )
  const rest = episodes.size > named ? ` and ${episodes.size - named} more` : ""
  return [`${plural(episodes.size, "episode")} had not ended: ${some.join(", ")}${rest}`]
}

/** A horizontal bar of `width` cells. */
export const bar = (fraction: number, width: number): string => {
  const filled = Math.round(Math.max(0, Math.min(1, fraction)) * width)
  return "\u2588".repeat(filled) + "\u2591".repeat(width - filled)
}

const levels = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"

/** The last `width` values as a line of blocks, from their least to their greatest. */
export const sparkline = (values: ReadonlyArray<number>, width: number): string => {
  const recent = values.slice(-width)
  const low = Math.min(...recent)
  const range = Math.max(...recent) - low
  return recent.map((value) => levels[range === 0 ? 0 : Math.round(((value - low) / range) * 7)] ?? "").join("")
}

/** Columns as wide as their widest cell, two spaces apart. The first column or columns are text, the others are numbers. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>, texts = 1): ReadonlyArray<string> => {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) => Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)))
  return rows.map((row) =>
    widths
      .map((width, i) => i < texts ? (row[i] ?? "").padEnd(width) : (row[i] ?? "").padStart(width))
      .join("  ")
      .trimEnd()
  )
}

/** One sentence: what a multi-line message says, on one line. */
export const oneLine = (message: string): string => message.split(/\s*\n\s*/).filter((line) => line !== "").join("; ")
