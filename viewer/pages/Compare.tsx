import { useMemo, useState } from "preact/hooks"
import type { Comparison, Comparisons } from "../../src/domain/Paired.ts"
import type { StepReport } from "../../src/domain/Report.ts"
import type { Compared, ComparedTask, Headers } from "../../src/programs/viewer/wire.ts"
import { address, useAnswer } from "../api.ts"
import { curves } from "../curves.ts"
import { percent } from "../format.ts"
import { useKeys } from "../keys.ts"
import { Chart } from "../parts/Chart.tsx"
import { Difference } from "../parts/Estimate.tsx"
import { Notice } from "../parts/Notice.tsx"
import { link, replace } from "../route.ts"
import type { Shown } from "../shown.ts"

const nameOf = (folder: string): string => folder.split("/").filter((part) => part !== "").at(-1) ?? folder

/** Every evaluation there is, `0:before`, by name. */
const evaluationsOf = (headers: Headers): ReadonlyArray<readonly [key: string, name: string]> =>
  headers.flatMap(({ folder, summary }, run) =>
    (["before", "after"] as const).flatMap((when) =>
      Object.keys(summary[when]).length === 0
        ? []
        : [[`${run}:${when}`, `${nameOf(folder)}, ${when} training`] as const]
    )
  )

const kinds = ["fixed", "broken", "both", "neither", "alike"] as const
type Kind = (typeof kinds)[number]

const kindOf = ({ first, second }: ComparedTask): Kind => {
  const [a, b] = [first[0] / first[1], second[0] / second[1]]
  return b > a ? "fixed" : b < a ? "broken" : a === 1 ? "both" : a === 0 ? "neither" : "alike"
}

interface RowProps {
  readonly name: string
  readonly comparison: Comparison
  readonly whole: boolean
}

const row = ([name, comparison]: readonly [string, Comparison]): RowProps => ({ name, comparison, whole: false })

/** The cells of each part and then all of it; everything last, where that is not one part. */
const rowsOf = ({ cells, overall, parts }: Comparisons): ReadonlyArray<RowProps> => {
  const byPart = Map.groupBy(Object.entries(cells), ([name]) => name.slice(0, Math.max(0, name.indexOf("/"))))
  const { length } = Object.keys(parts)
  return [
    ...Object.entries(parts).flatMap(([part, comparison]) => [
      ...(byPart.get(part) ?? []).map(row),
      { name: `${part}, all`, comparison, whole: true }
    ]),
    ...(byPart.get("") ?? []).map(row),
    ...length === 1 ? [] : [{ name: "all", comparison: overall, whole: true }]
  ]
}

const Row = ({ comparison, name, whole }: RowProps) => {
  const { both, broken, difference, first, fixed, interval: range, neither, p, second, tasks } = comparison
  return (
    <tr class={whole ? "whole" : ""}>
      <td>{name}</td>
      <td class="n">{tasks}</td>
      <td class="n">{percent(first)}</td>
      <td class="n">{percent(second)}</td>
      <td class="n">
        <Difference value={difference} range={range} />
      </td>
      <td class="n good">{fixed.length}</td>
      <td class="n bad">{broken.length}</td>
      <td class="n">{both}</td>
      <td class="n">{neither}</td>
      <td class="n">{p < 0.0001 ? "< 0.0001" : p.toFixed(4)}</td>
    </tr>
  )
}

const Tasks = ({ run, tasks }: { run: number; tasks: ReadonlyArray<ComparedTask> }) => {
  const [kind, setKind] = useState<Kind>("broken")
  const grouped = useMemo(() => Map.groupBy(tasks, kindOf), [tasks])
  const shown = kinds.filter((one) => grouped.has(one))
  useKeys([{
    keys: ["f"],
    does: "Fixed, broken, both, neither",
    act: () => setKind((one) => shown[(shown.indexOf(one) + 1) % Math.max(1, shown.length)] ?? "fixed")
  }])
  const listed = Map.groupBy(grouped.get(kind) ?? [], ({ cell }) => cell)
  return (
    <section>
      <h2 class="choices">
        {shown.map((one) => (
          <button
            key={one}
            type="button"
            class={one === kind ? "on" : ""}
            onClick={() => setKind(one)}
          >
            {one} <small>{grouped.get(one)?.length ?? 0}</small>
          </button>
        ))}
      </h2>
      {Array.from(listed, ([cell, of]) => (
        <div key={cell}>
          <h3>
            {cell} <small class="muted">{of.length}</small>
          </h3>
          <ul class="tasks">
            {of.map(({ id }) => (
              <li key={id}>
                <a href={link(run, "task", id)}>{id}</a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  )
}

const Overlay = ({ headers }: { headers: Headers }) => {
  const first = useAnswer<ReadonlyArray<StepReport>>(address("reports", { run: 0 })).value
  const second = useAnswer<ReadonlyArray<StepReport>>(address("reports", { run: 1 })).value
  const drawn = useMemo(() => {
    if (first === undefined || second === undefined) return []
    const x = Array.from({ length: Math.max(first.length, second.length) }, (_, step) => step)
    return curves.flatMap((curve) => {
      const both = [first, second].flatMap((reports, run) =>
        curve.of(reports).length === 1
          ? curve.of(reports).map((series) => ({ ...series, name: nameOf(headers[run]?.folder ?? "") }))
          : []
      )
      return both.length === 2 ? [{ ...curve, x, series: both }] : []
    })
  }, [first, second])
  return (
    <section>
      <h2>Curves</h2>
      <div class="charts">{drawn.map((curve) => <Chart key={curve.title} {...curve} stages={[]} />)}</div>
    </section>
  )
}

/** Two evaluations task by task, of one run or of two. */
export const Compare = ({ headers, route: { query, run } }: Shown) => {
  const known = evaluationsOf(headers)
  const first = query.get("first") ?? (headers.length > 1 ? "0:after" : "0:before")
  const second = query.get("second") ?? (headers.length > 1 ? "1:after" : "0:after")
  const { error, value } = useAnswer<Compared>(address("compare", { first, second }))
  const choose = (which: string, key: string) => replace(link(run, "compare", "", { first, second, [which]: key }))
  useKeys([{
    keys: ["r"],
    does: "The other way around",
    act: () => replace(link(run, "compare", "", { first: second, second: first }))
  }])
  const choice = (which: string, key: string) => (
    <select
      value={key}
      aria-label={which}
      onChange={({ currentTarget }) => choose(which, currentTarget.value)}
    >
      {known.map(([key, name]) => <option key={key} value={key}>{name}</option>)}
    </select>
  )
  return (
    <>
      <header class="top">
        <h1>Compare</h1>
        <p class="filters">
          {choice("first", first)} <span class="muted">with</span> {choice("second", second)}
        </p>
      </header>
      {error !== undefined && <Notice>{error}</Notice>}
      {value !== undefined && (
        <>
          <div class="wide">
            <table>
              <thead>
                <tr>
                  <th>category</th>
                  <th class="n">tasks</th>
                  <th class="n">first</th>
                  <th class="n">second</th>
                  <th class="n">difference, 95 %</th>
                  <th class="n">fixed</th>
                  <th class="n">broken</th>
                  <th class="n">both</th>
                  <th class="n">neither</th>
                  <th class="n">p</th>
                </tr>
              </thead>
              <tbody>
                {rowsOf(value).map((row) => <Row key={row.name} {...row} />)}
              </tbody>
            </table>
          </div>
          <p class="muted">
            The difference&rsquo;s interval is a paired bootstrap over scenarios, p is McNemar&rsquo;s exact test.
            {value.overall.detectable !== undefined &&
              ` The least difference these tasks could have found is ${percent(value.overall.detectable)}.`}
          </p>
          <Tasks run={Number(second.split(":")[0] ?? 0)} tasks={value.tasks} />
        </>
      )}
      {headers.length > 1 && <Overlay headers={headers} />}
    </>
  )
}
