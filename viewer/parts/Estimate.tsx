import type { Rate } from "../../src/domain/Report.ts"
import type { Interval } from "../../src/domain/Statistics.ts"
import { interval, intervalOf, percent, share, signed } from "../format.ts"

/** A share with its 95 % interval, as text. */
export const Estimate = ({ rate }: { rate: Rate }) =>
  rate.n === 0 ? <>{"\u2013"}</> : (
    <>
      {percent(share(rate))} <small>{interval(intervalOf(rate))}</small>
    </>
  )

/** A difference of shares in points with its 95 % interval, in colour where zero is not within it. */
export const Difference = ({ range, value }: { range: Interval; value: number }) => (
  <>
    <span class={range.low > 0 ? "good" : range.high < 0 ? "bad" : ""}>{signed(value * 100, 1)}</span>{" "}
    <small>{range.low === range.high ? "no task differs" : interval(range).replaceAll("-", "\u2212")}</small>
  </>
)

export interface Mark {
  readonly kind: string
  readonly rate: Rate
}

/** Shares with their intervals on a scale from 0 to 1, one below the other. */
export const Marks = ({ marks }: { marks: ReadonlyArray<Mark> }) => {
  const drawn = marks.filter(({ rate }) => rate.n > 0)
  const height = 11 * Math.max(1, drawn.length) + 3
  return (
    <svg class="marks" width="100%" height={height} aria-hidden="true">
      {[0, 25, 50, 75, 100].map((at) => <line key={at} class="grid" x1={`${at}%`} x2={`${at}%`} y1="0" y2={height} />)}
      {drawn.map(({ kind, rate }, i) => {
        const { high, low } = intervalOf(rate)
        const y = 7 + 11 * i
        return (
          <g key={kind} class={kind}>
            <line class="range" x1={`${low * 100}%`} x2={`${high * 100}%`} y1={y} y2={y} />
            <circle cx={`${share(rate) * 100}%`} cy={y} r="3.5" />
          </g>
        )
      })}
    </svg>
  )
}
