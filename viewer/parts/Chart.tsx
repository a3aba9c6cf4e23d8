import { useEffect, useRef, useState } from "preact/hooks"
import uPlot from "uplot"
import { color, themeChanged } from "../theme.ts"

export interface Series {
  readonly name: string
  /** One value a step; null where there is none. */
  readonly values: ReadonlyArray<number | null>
  /** The ends of 95 % bands. */
  readonly low?: ReadonlyArray<number | null>
  readonly high?: ReadonlyArray<number | null>
  /** What the values pool; drawn faintly. */
  readonly raw?: ReadonlyArray<number | null>
}

export interface Stage {
  readonly from: number
  readonly to: number
  readonly name: string
}

export interface ChartOptions {
  readonly title: string
  readonly note: string
  readonly x: ReadonlyArray<number>
  readonly series: ReadonlyArray<Series>
  readonly stages: ReadonlyArray<Stage>
  readonly format: (value: number) => string
  /** The y axis ends here even if no value does. */
  readonly atLeast?: number
  /** Steps in sight; all of them when absent. */
  readonly zoom?: Stage | undefined
  readonly height?: number
  readonly open?: ((step: number) => void) | undefined
}

/** Charts of one page point at the same step. */
const sync = uPlot.sync("steps")

const palette = ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5"]

const font = "11px system-ui, sans-serif"

/** Data columns and their series: low and high ends of a band are series without a line. */
const columns = (series: ReadonlyArray<Series>) => {
  const data: Array<ReadonlyArray<number | null>> = []
  const drawn: Array<uPlot.Series> = []
  const bands: Array<uPlot.Band> = []
  series.forEach(({ high, low, raw, values }, i) => {
    const stroke = color(palette[i % palette.length] ?? "--c0")
    if (low !== undefined && high !== undefined) {
      const at = data.length + 1
      data.push(high, low)
      drawn.push({ stroke: "transparent", points: { show: false } }, { stroke: "transparent", points: { show: false } })
      bands.push({ series: [at, at + 1], fill: `color-mix(in srgb, ${stroke} 17%, transparent)` })
    }
    if (raw !== undefined && series.length === 1) {
      data.push(raw)
      drawn.push({ stroke: `color-mix(in srgb, ${stroke} 32%, transparent)`, width: 0.8, points: { show: false } })
    }
    data.push(values)
    drawn.push({ stroke, width: 1.3, points: { show: values.length < 3, size: 4 }, spanGaps: true })
  })
  return { data, drawn, bands }
}

/** Lines between stages, and their numbers. */
const boundaries = (stages: ReadonlyArray<Stage>) => (plot: uPlot) => {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = color("--edge")
  ctx.setLineDash([2, 3])
  for (const { from } of stages.slice(1)) {
    const x = Math.round(plot.valToPos(from - 0.5, "x", true))
    if (x <= bbox.left || x >= bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}

const axis = (): uPlot.Axis => ({
  stroke: color("--muted"),
  font,
  grid: { stroke: color("--line"), width: 1 },
  ticks: { show: false },
  gap: 4
})

/** Lines over steps with bands; the values at the step that is pointed at are beside the title. */
export const Chart = (options: ChartOptions) => {
  const { atLeast = 0, format, height = 150, note, open, series, stages, title, x, zoom } = options
  const frame = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number>()
  const opens = useRef(open)
  opens.current = open
  useEffect(() => {
    const parent = frame.current
    if (parent === null) return
    const draw = () => {
      const { bands, data, drawn } = columns(series)
      return new uPlot(
        {
          width: parent.clientWidth,
          height,
          legend: { show: false },
          cursor: {
            sync: { key: sync.key, setSeries: false },
            points: { size: 5 },
            drag: { x: false, y: false },
            y: false
          },
          scales: {
            x: { time: false, ...(zoom !== undefined && { range: [zoom.from, zoom.to] }) },
            y: {
              range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(atLeast, (high ?? 1) * 1.04, 1e-9)]
            }
          },
          axes: [
            { ...axis(), size: 20, grid: { show: false }, values: (_, steps) => steps.map(String) },
            { ...axis(), size: 46, values: (_, values) => values.map(format), space: 28 }
          ],
          series: [{}, ...drawn],
          bands,
          hooks: {
            drawClear: [boundaries(stages)],
            setCursor: [({ cursor: { idx } }) => setAt(idx ?? undefined)]
          }
        },
        [[...x], ...data.map((column) => [...column])],
        parent
      )
    }
    let plot = draw()
    const click = () => {
      const step = plot.cursor.idx === undefined || plot.cursor.idx === null ? undefined : x[plot.cursor.idx]
      if (step !== undefined) opens.current?.(step)
    }
    const redraw = () => {
      plot.destroy()
      plot = draw()
    }
    const resized = new ResizeObserver(() => plot.setSize({ width: parent.clientWidth, height }))
    resized.observe(parent)
    parent.addEventListener("click", click)
    addEventListener(themeChanged, redraw)
    return () => {
      resized.disconnect()
      parent.removeEventListener("click", click)
      removeEventListener(themeChanged, redraw)
      plot.destroy()
    }
  }, [x, series, zoom])
  const value = (one: Series, i: number) => {
    const y = one.values[i] ?? null
    const [low, high] = [one.low?.[i] ?? null, one.high?.[i] ?? null]
    if (y === null) return "\u2013"
    return low === null || high === null ? format(y) : `${format(y)} [${format(low)}, ${format(high)}]`
  }
  const isEmpty = series.every(({ values }) => values.every((one) => one === null))
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        {at === undefined || x[at] === undefined
          ? <span class="muted">{isEmpty ? "\u2013" : note}</span>
          : (
            <span class="muted">
              step {x[at]}
              {series.length === 1 && series[0] !== undefined && <>: {value(series[0], at)}</>}
            </span>
          )}
      </figcaption>
      <div ref={frame} class={open === undefined ? "" : "opens"} />
      {series.length > 1 && (
        <p class="legend">
          {series.map((one, i) => (
            <span key={one.name}>
              <i class={`c${i % palette.length}`} />
              {one.name}
              {at !== undefined && <b>{value(one, at)}</b>}
            </span>
          ))}
        </p>
      )}
    </figure>
  )
}
