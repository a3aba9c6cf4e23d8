import type { ComponentChildren } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { useKeys } from "../keys.ts"

/** Browsers stop laying out somewhere above this many pixels. */
const tallest = 15_000_000

interface Options {
  readonly count: number
  readonly rowHeight: number
  /** The row at a place; drawn again whenever its neighbourhood is. */
  readonly row: (at: number, selected: boolean) => ComponentChildren
  readonly open: (at: number) => void
  /** Where the reader was when the list was last shown. */
  readonly place: { top: number; selected: number }
  /** Told which rows are in sight. */
  readonly sees?: (from: number, to: number) => void
}

/** A list of which only the rows in sight exist, walked with the keys. */
export const VirtualList = ({ count, open, place, row, rowHeight, sees }: Options) => {
  const frame = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(place.top)
  const [height, setHeight] = useState(600)
  const [selected, setSelected] = useState(place.selected)
  const whole = Math.min(tallest, count * rowHeight)
  const inSight = Math.ceil(height / rowHeight)
  const last = Math.max(0, count - 1)
  // Where all rows would be too tall together, the bar's position is a share of them.
  const from = Math.max(
    0,
    Math.min(
      last,
      Math.floor(whole <= height ? 0 : (top / (whole - height)) * Math.max(0, count - height / rowHeight))
    )
  )
  const to = Math.min(count, from + inSight + 2)
  const exact = whole < tallest
  useLayoutEffect(() => {
    const measure = () => setHeight(frame.current?.clientHeight ?? 600)
    measure()
    frame.current?.scrollTo(0, place.top)
    addEventListener("resize", measure)
    return () => removeEventListener("resize", measure)
  }, [])
  useEffect(() => sees?.(from, to), [from, to, sees])
  const select = (wanted: number) => {
    const at = Math.max(0, Math.min(last, wanted))
    place.selected = at
    setSelected(at)
    const offset = exact ? at * rowHeight : (at / Math.max(1, last)) * (whole - height)
    const { current } = frame
    if (current === null) return
    if (offset < current.scrollTop) current.scrollTop = offset
    else if (offset + rowHeight > current.scrollTop + height) current.scrollTop = offset + rowHeight - height
  }
  // Keys may come faster than the list is drawn: they go on from where the one before led.
  useKeys([
    { keys: ["j", "ArrowDown"], does: "Next row", act: () => select(place.selected + 1) },
    { keys: ["k", "ArrowUp"], does: "Row before", act: () => select(place.selected - 1) },
    { keys: ["PageDown", " "], does: "A page down", act: () => select(place.selected + inSight - 2) },
    { keys: ["PageUp"], does: "A page up", act: () => select(place.selected - inSight + 2) },
    { keys: ["g", "Home"], does: "First row", act: () => select(0) },
    { keys: ["G", "End"], does: "Last row", act: () => select(last) },
    { keys: ["Enter", "o"], does: "Open", act: () => open(place.selected) }
  ])
  return (
    <div
      class="list"
      ref={frame}
      tabIndex={-1}
      role="grid"
      aria-rowcount={count}
      onScroll={({ currentTarget }) => {
        place.top = currentTarget.scrollTop
        setTop(currentTarget.scrollTop)
      }}
    >
      <div class="whole" style={{ height: `${whole}px` }}>
        <div class="rows" style={{ transform: `translateY(${exact ? from * rowHeight : top}px)` }}>
          {Array.from({ length: Math.max(0, to - from) }, (_, i) => (
            <div
              key={from + i}
              class={`row${from + i === selected ? " selected" : ""}`}
              style={{ height: `${rowHeight}px` }}
              role="row"
              onClick={() => {
                select(from + i)
                open(from + i)
              }}
            >
              {row(from + i, from + i === selected)}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
