/** Charts as inline SVG: lines over steps with bands and stage boundaries, and intervals on a scale of shares. */
import type { Interval } from "../../domain/Statistics.ts"
import { type Html, html, type Part } from "./html.ts"

export interface Point {
  readonly x: number
  readonly y: number
  /** 95 %. */
  readonly band?: Interval
  /** What the reader is told when pointing at it. */
  readonly says: string
}

export interface Series {
  readonly name: string
  /** A colour class of the page's style: `c0` to `c5`. */
  readonly color: string
  /** Runs of points that a line connects; it breaks between them. */
  readonly runs: ReadonlyArray<ReadonlyArray<Point>>
}

export interface Chart {
  readonly title: string
  readonly note: string
  readonly series: ReadonlyArray<Series>
  /** Where stages begin and end on the x axis. */
  readonly stages: ReadonlyArray<{ readonly from: number; readonly to: number; readonly label: string }>
  readonly format: (value: number) => string
  /** The y axis ends here even if no value does. */
  readonly atLeast?: number
}

const width = 460
const height = 210
const inner = { left: 44, right: 452, top: 20, bottom: 184 }

/** 1, 2 or 5 times a power of ten: the distance of at most `most` ticks over a range. */
const tickDistance = (range: number, most: number): number => {
  const least = range / most
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5, 10].find((factor) => factor * power >= least * 0.999999) ?? 10) * power
}

/** Round values from `low` to the first at or above `high`. */
export const ticks = (low: number, high: number, most: number): ReadonlyArray<number> => {
  if (!(high - low > 1e-12)) return [low]
  const distance = tickDistance(high - low, most)
  const first = Math.floor(low / distance + 1e-9)
  const last = Math.ceil(high / distance - 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * distance).toPrecision(12)))
}

const number = (value: number): string => value.toFixed(1)

type Scale = (value: number) => number

const scale = (from: number, to: number, low: number, high: number): Scale => (value) =>
  low + ((value - from) / (to === from ? 1 : to - from)) * (high - low)

const path = (points: ReadonlyArray<readonly [number, number]>): string =>
  points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${number(x)} ${number(y)}`).join("")

const drawRun = (run: ReadonlyArray<Point>, color: string, x: Scale, y: Scale): Part => {
  const banded = run.flatMap(({ band, x: at }) => band === undefined ? [] : [{ at, band }])
  const outline = [
    ...banded.map(({ at, band }) => [x(at), y(band.high)] as const),
    ...banded.toReversed().map(({ at, band }) => [x(at), y(band.low)] as const)
  ]
  const only = run.length === 1 ? run[0] : undefined
  return [
    banded.length < 2 ? undefined : html`<path class="band ${color}" d="${path(outline)}Z"/>`,
    only === undefined
      ? html`<path class="curve ${color}" d="${path(run.map((point) => [x(point.x), y(point.y)]))}"/>`
      : html`<circle class="dot ${color}" cx="${number(x(only.x))}" cy="${number(y(only.y))}" r="2.5"/>`
  ]
}

/** Invisible strips that carry a tooltip each. */
const pointers = (series: ReadonlyArray<Series>, x: Scale): Part => {
  const said = new Map<number, Array<string>>()
  for (const { runs } of series) {
    for (const point of runs.flat()) said.set(point.x, [...said.get(point.x) ?? [], point.says])
  }
  const at = [...said.keys()].toSorted((a, b) => a - b)
  return at.map((value, i) => {
    const left = i === 0 ? inner.left : (x(at[i - 1] ?? value) + x(value)) / 2
    const right = i === at.length - 1 ? inner.right : (x(value) + x(at[i + 1] ?? value)) / 2
    const box = { x: number(left), width: number(Math.max(0, right - left)) }
    return html`<rect class="pointer" x="${box.x}" y="${inner.top}" width="${box.width}" height="${
      inner.bottom - inner.top
    }"><title>${(said.get(value) ?? []).join("\n")}</title></rect>`
  })
}

const bounds = ({ atLeast, series }: Chart): readonly [number, number] => {
  const values = series.flatMap(({ runs }) =>
    runs.flat().flatMap(({ band, y }) => band === undefined ? [y] : [y, band.low, band.high])
  )
  const finite = values.filter(Number.isFinite)
  return [Math.min(0, ...finite), Math.max(atLeast ?? 0, ...finite, 1e-9)]
}

const legend = (series: ReadonlyArray<Series>): Part =>
  series.length < 2
    ? undefined
    : html`<p class="legend">${
      series.map(({ color, name }) => html`<span><i class="swatch ${color}"></i>${name}</span>`)
    }</p>`

/** A line chart in a figure of its own. */
export const lines = (chart: Chart): Html => {
  const { format, note, series, stages, title } = chart
  const [low, high] = bounds(chart)
  const rows = ticks(low, high, 5)
  const y = scale(rows[0] ?? low, rows.at(-1) ?? high, inner.bottom, inner.top)
  const first = stages[0]?.from ?? 0
  const last = Math.max(stages.at(-1)?.to ?? 1, first + 1)
  const x = scale(first, last, inner.left, inner.right)
  const columns = ticks(first, last, 6).filter((value) => value >= first && value <= last)
  return html`<figure class="chart">
<figcaption><b>${title}</b> <span>${note}</span></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title} over the steps of training">
${
    stages.map(({ from, label, to }, i) => {
      const [left, right] = [x(from), x(to)]
      return [
        i % 2 === 0 ?
          undefined :
          html`<rect class="stage" x="${number(left)}" y="${inner.top}" width="${number(right - left)}" height="${
            inner.bottom - inner.top
          }"/>`,
        i === 0 ? undefined : html`<path class="boundary" d="M${number(left)} ${inner.top}V${inner.bottom}"/>`,
        html`<text class="label" x="${number((left + right) / 2)}" y="13" text-anchor="middle">${label}</text>`
      ]
    })
  }
${
    rows.map((value) =>
      html`<path class="grid" d="M${inner.left} ${number(y(value))}H${inner.right}"/><text class="tick" x="${
        inner.left - 6
      }" y="${number(y(value) + 3.5)}" text-anchor="end">${format(value)}</text>`
    )
  }
${
    columns.map((value) =>
      html`<text class="tick" x="${number(x(value))}" y="${inner.bottom + 16}" text-anchor="middle">${value}</text>`
    )
  }
${series.map(({ color, runs }) => runs.map((run) => drawRun(run, color, x, y)))}
${pointers(series, x)}
</svg>
${legend(series)}
</figure>`
}

export interface Mark {
  readonly value: number
  readonly interval: Interval
  /** `before` or `after`. */
  readonly kind: string
  readonly says: string
}

const share = (value: number): string => `${(value * 100).toFixed(2)}%`

/** The heading of a column of intervals. */
export const scaleOfShares: Html = html`<svg class="scale" width="100%" height="12" aria-hidden="true">${
  [0, 25, 50, 75, 100].map((at) => html`<text x="${at}%" y="10" text-anchor="middle">${at}</text>`)
}</svg>`

/** Estimates with their intervals on a scale from 0 to 1, as wide as the cell it is in. */
export const intervals = (marks: ReadonlyArray<Mark>): Html => {
  const distance = 13
  return html`<svg class="intervals" width="100%" height="${distance * marks.length + 5}" role="img" aria-label="${
    marks.map(({ says }) => says).join("; ")
  }">
${[0, 25, 50, 75, 100].map((at) => html`<line class="grid" x1="${at}%" x2="${at}%" y1="0" y2="100%"/>`)}
${
    marks.map(({ interval, kind, says, value }, i) => {
      const y = 9 + distance * i
      return html`<g class="${kind}"><title>${says}</title><line class="range" x1="${share(interval.low)}" x2="${
        share(interval.high)
      }" y1="${y}" y2="${y}"/><circle cx="${share(value)}" cy="${y}" r="4.5"/></g>`
    })
  }
</svg>`
}

export interface Slice {
  readonly count: number
  /** A colour class of the page's style. */
  readonly kind: string
  readonly says: string
}

/** Parts of a whole as one bar. */
export const stacked = (slices: ReadonlyArray<Slice>): Html => {
  const whole = Math.max(1, slices.reduce((sum, { count }) => sum + count, 0))
  let before = 0
  return html`<svg class="stacked" width="100%" height="14" role="img" aria-label="${
    slices.map(({ says }) => says).join("; ")
  }">${
    slices.filter(({ count }) => count > 0).map(({ count, kind, says }) => {
      const from = before
      before += count
      return html`<rect class="${kind}" x="${share(from / whole)}" y="0" width="${
        share(count / whole)
      }" height="14"><title>${says}</title></rect>`
    })
  }</svg>`
}
