import { useMemo, useState } from "preact/hooks"
import { about, type Comparisons } from "../../src/domain/Paired.ts"
import type { Rate, StepReport } from "../../src/domain/Report.ts"
import { wilsonDifference } from "../../src/domain/Statistics.ts"
import type { Compared } from "../../src/programs/viewer/wire.ts"
import { address, useAnswer } from "../api.ts"
import { curves, stagesOf } from "../curves.ts"
import { duration, grouped, percent, ranked, share, sum, total, words } from "../format.ts"
import { useKeys } from "../keys.ts"
import { Chart, type Stage } from "../parts/Chart.tsx"
import { Difference, Estimate, Marks } from "../parts/Estimate.tsx"
import { Notice } from "../parts/Notice.tsx"
import { go, link } from "../route.ts"
import type { Shown } from "../shown.ts"

/** Alarms that are shown, the last ones. */
const mostAlarms = 5

const none: Rate = { n: 0, passed: 0 }

type Scores = Readonly<Record<string, Rate>>

const partsOf = (scores: Scores): ReadonlyArray<string> => [
  ...new Set(Object.keys(scores).map((name) => name.split("/")[0] ?? name))
]

const ofPart = (scores: Scores, part: string): Rate =>
  sum(Object.entries(scores).flatMap(([name, rate]) => name.startsWith(`${part}/`) ? [rate] : []))

const Figures = ({ header: { summary }, reports }: Pick<Shown, "header"> & { reports: ReadonlyArray<StepReport> }) => {
  const { after, before } = summary
  const attempted = reports.reduce((sum, { ledger }) => sum + ledger.attempted, 0)
  const breaks = reports.reduce((sum, { breaks = 0 }) => sum + breaks, 0)
  const seconds = reports.reduce((sum, { seconds: { collect, train } }) => sum + collect + train, 0)
  return (
    <dl class="figures">
      {partsOf({ ...before, ...after }).map((part) => (
        <div key={part}>
          <dt>{part} tasks passed</dt>
          <dd>
            <span class="muted">{percent(share(ofPart(before, part)))}</span>
            {ofPart(after, part).n > 0 && <>{" \u2192 "}{percent(share(ofPart(after, part)))}</>}
          </dd>
        </div>
      ))}
      <div>
        <dt>steps</dt>
        <dd>{reports.length}</dd>
      </div>
      <div>
        <dt>episodes</dt>
        <dd>{grouped(attempted)}</dd>
      </div>
      <div>
        <dt>sampled tokens</dt>
        <dd>{grouped(reports.reduce((sum, one) => sum + one.sampledTokens, 0))}</dd>
      </div>
      {breaks > 0 && (
        <div title="Prompts that changed what was there before, so that an episode was cut into segments">
          <dt>segment breaks</dt>
          <dd>{grouped(breaks)}</dd>
        </div>
      )}
      <div>
        <dt>time</dt>
        <dd>{duration(summary.seconds > 0 ? summary.seconds : seconds)}</dd>
      </div>
    </dl>
  )
}

/** How far the stage's gate was, step by step. */
const Gate = ({ reports }: { reports: ReadonlyArray<StepReport> }) => {
  const points = reports.map(({ advance: { progress = 0 } }, i) =>
    `${reports.length < 2 ? 0 : i / (reports.length - 1) * 100},${20 - progress * 18}`
  )
  return (
    <svg class="gate" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,20 ${points.join(" ")} 100,20`} />
      <polyline points={points.join(" ")} />
    </svg>
  )
}

const Strip = ({ header, reports, select, selected, stages }: Pick<Shown, "header"> & {
  reports: ReadonlyArray<StepReport>
  select: (stage: number | undefined) => void
  selected: number | undefined
  stages: ReadonlyArray<Stage>
}) => (
  <ol class="strip" aria-label="Curriculum">
    {header.manifest.stages.map(({ name, tasks }, i) => {
      const stage = stages.find((one) => one.name === name)
      const own = stage === undefined ? [] : reports.filter(({ step }) => step >= stage.from && step <= stage.to)
      const last = own.at(-1)
      const ended = header.summary.stages.find((one) => one.name === name)
      const state = ended !== undefined ? "ended" : last === undefined ? "waiting" : "on"
      return (
        <li
          key={name}
          class={`${state}${selected === i ? " selected" : ""}`}
          style={{ flexGrow: Math.max(own.length, reports.length / 9, 1) }}
        >
          <button type="button" aria-pressed={selected === i} onClick={() => select(selected === i ? undefined : i)}>
            <b>
              <i>{i + 1}</i> {name}
            </b>
            <span>
              {own.length === 0
                ? `${tasks} tasks`
                : `${own.length} steps, ${
                  duration(own.reduce((sum, { seconds }) => sum + seconds.collect + seconds.train, 0))
                }`}
            </span>
            <Gate reports={own} />
            <span class="why">{ended?.why ?? last?.advance.why ?? "not reached"}</span>
          </button>
        </li>
      )
    })}
  </ol>
)

/** Of the same tasks, paired, or where they cannot be paired, as if they were others. */
const Change = ({ after, before, compared, name }: {
  after: Rate
  before: Rate
  compared: Comparisons | undefined
  name: string
}) => {
  if (before.n === 0 || after.n === 0) return <>{"\u2013"}</>
  const paired = compared && about(compared, name, before, after)
  return (
    <>
      <Difference
        value={share(after) - share(before)}
        range={paired?.interval ?? wilsonDifference(before, after)}
      />
      {compared !== undefined && paired === undefined && <small class="muted">unpaired</small>}
    </>
  )
}

/** A category before and after, or all of a part. */
const Score = (
  { compared, first, name, second, whole = false }: {
    compared: Comparisons | undefined
    first: Rate
    name: string
    second: Rate
    whole?: boolean
  }
) => (
  <tr class={whole ? "whole" : ""}>
    <td>{whole ? `${name}, all` : name}</td>
    <td class="n">{Math.max(first.n, second.n)}</td>
    <td class="plot">
      <Marks marks={[{ kind: "before", rate: first }, { kind: "after", rate: second }]} />
    </td>
    <td class="n">
      <Estimate rate={first} />
    </td>
    <td class="n">
      <Estimate rate={second} />
    </td>
    <td class="n">
      <Change before={first} after={second} compared={compared} name={name} />
    </td>
  </tr>
)

const Accuracy = ({ header: { summary: { after, before } }, run }: Pick<Shown, "header"> & { run: number }) => {
  const isCompared = Object.keys(before).length > 0 && Object.keys(after).length > 0
  const { value: compared } = useAnswer<Compared>(
    isCompared ? address("compare", { first: `${run}:before`, second: `${run}:after` }) : undefined
  )
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  if (names.length === 0) return null
  return (
    <section>
      <h2>
        Accuracy{" "}
        <small>held-out tasks, every turn passed, without hints; 95 % Wilson, the change by a paired bootstrap</small>
      </h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>part / category</th>
              <th class="n">n</th>
              <th class="plot">
                <span>0</span>
                <span>50</span>
                <span>100 %</span>
              </th>
              <th class="n">before</th>
              <th class="n">after</th>
              <th class="n">change</th>
            </tr>
          </thead>
          <tbody>
            {partsOf({ ...before, ...after }).map((part) => {
              const own = names.filter((name) => name.startsWith(`${part}/`))
              return [
                ...own.map((name) => (
                  <Score
                    key={name}
                    compared={compared}
                    name={name}
                    first={before[name] ?? none}
                    second={after[name] ?? none}
                  />
                )),
                own.length > 1 && (
                  <Score
                    key={part}
                    compared={compared}
                    name={part}
                    first={ofPart(before, part)}
                    second={ofPart(after, part)}
                    whole
                  />
                )
              ]
            })}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const Ledger = (
  { reports, run, stages }: { reports: ReadonlyArray<StepReport>; run: number; stages: ReadonlyArray<Stage> }
) => {
  const row = (name: string, own: ReadonlyArray<StepReport>, stage: string | undefined) => {
    const attempted = own.reduce((sum, { ledger }) => sum + ledger.attempted, 0)
    const trained = own.reduce((sum, { ledger }) => sum + ledger.trained, 0)
    const filtered = own.reduce((sum, { ledger }) => sum + total(ledger.filtered), 0)
    const failed = attempted - trained - filtered
    const to = (fate: string) => link(run, "episodes", "", { stage, fate })
    return (
      <tr key={name} class={stage === undefined ? "whole" : ""}>
        <td>{name}</td>
        <td class="n">{own.length}</td>
        <td class="n">{grouped(attempted)}</td>
        <td class="plot">
          <span class="stack">
            <i class="trained" style={{ flexGrow: trained }} />
            <i class="filtered" style={{ flexGrow: filtered }} />
            <i class="failed" style={{ flexGrow: failed }} />
          </span>
        </td>
        <td class="n">
          <a href={to("trained")}>{grouped(trained)}</a>
        </td>
        <td class="n">
          <a href={to("filtered")}>{grouped(filtered)}</a>
        </td>
        <td class="n">{failed === 0 ? 0 : <a href={to("failed")}>{grouped(failed)}</a>}</td>
        <td class="muted">
          {[...ranked(own.map(({ ledger }) => ledger.filtered)), ...ranked(own.map(({ ledger }) => ledger.failed))]
            .map(([cause, count]) => `${words(cause)} ${grouped(count)}`).join(", ")}
        </td>
      </tr>
    )
  }
  return (
    <section>
      <h2>
        Ledger <small>where every attempted episode went</small>
      </h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>stage</th>
              <th class="n">steps</th>
              <th class="n">attempted</th>
              <th class="plot" />
              <th class="n">trained</th>
              <th class="n">filtered</th>
              <th class="n">failed</th>
              <th>why</th>
            </tr>
          </thead>
          <tbody>
            {stages.map(({ from, name, to }, i) =>
              row(`${i + 1} ${name}`, reports.filter(({ step }) => step >= from && step <= to), name)
            )}
            {stages.length > 1 && row("whole run", reports, undefined)}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const flatten = (value: unknown, prefix = ""): ReadonlyArray<readonly [string, string]> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix === "" ? key : `${prefix}.${key}`))
    : [[prefix, String(value)]]

const Settings = ({ header: { manifest, summary } }: Pick<Shown, "header">) => {
  const stages = manifest.stages.map(({ settings }) => new Map(flatten(settings)))
  const keys = [...new Set(stages.flatMap((stage) => [...stage.keys()]))]
  const { curriculum: _c, stages: _s, ...rest } = manifest
  return (
    <section>
      <details>
        <summary>
          <h2>Settings</h2>
        </summary>
        <div class="wide columns">
          <table>
            <thead>
              <tr>
                <th>stage</th>
                {manifest.stages.map(({ name }) => <th key={name}>{name}</th>)}
              </tr>
            </thead>
            <tbody>
              {keys.map((key) => {
                const values = stages.map((stage) => stage.get(key) ?? "")
                return (
                  <tr key={key} class={new Set(values).size > 1 ? "differs" : ""}>
                    <td>{key}</td>
                    {values.map((value, i) => <td key={i}>{value}</td>)}
                  </tr>
                )
              })}
            </tbody>
          </table>
          <table>
            <tbody>
              {[
                ...flatten(rest),
                ...summary.weights.map(({ path, step }) => [`weights after ${step} steps`, path] as const)
              ]
                .map(([key, value]) => (
                  <tr key={key}>
                    <td>{key}</td>
                    <td class="breaks">{value}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  )
}

/** One run on a page. */
export const Run = ({ header, progress, route: { run } }: Shown) => {
  const { error, value: reports } = useAnswer<ReadonlyArray<StepReport>>(address("reports", { run }), progress?.steps)
  const [selected, setSelected] = useState<number>()
  const stages = useMemo(() => stagesOf(reports ?? []), [reports])
  const drawn = useMemo(() => {
    const x = (reports ?? []).map(({ step }) => step)
    return curves.map((curve) => ({ ...curve, x, series: curve.of(reports ?? []) })).filter(({ series }) =>
      series.length > 0
    )
  }, [reports])
  useKeys([
    {
      keys: ["z"],
      does: "Charts of the next stage, or of all",
      act: () => setSelected((at) => at === undefined ? 0 : at + 1 < stages.length ? at + 1 : undefined)
    }
  ])
  const { manifest, summary } = header
  const zoom = selected === undefined ? undefined : stages[selected]
  return (
    <>
      <header>
        <h1>{manifest.curriculum}</h1>
        <p class="muted">
          {[
            `seed ${manifest.seed}`,
            `${manifest.engine.name} engine${
              manifest.engine.parameters > 0 ? `, ${grouped(manifest.engine.parameters)} parameters` : ""
            }`,
            new Date(header.started * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC",
            ...Object.entries(manifest.versions).map(([name, version]) => `${name} ${version}`)
          ].join(" \u00b7 ")}
        </p>
        {summary.detail !== "" && <Notice>{summary.detail}</Notice>}
        {header.torn.map((sentence) => <Notice key={sentence}>Not everything could be read: {sentence}.</Notice>)}
        {error !== undefined && <Notice>{error}</Notice>}
        {reports?.flatMap(({ alarms, step }) => alarms.map(({ says }) => ({ says, step }))).slice(-mostAlarms).map((
          { says, step }
        ) => <Notice key={`${step} ${says}`}>Alarm at step {step}: {says}</Notice>)}
      </header>
      {reports !== undefined && (
        <>
          <Figures header={header} reports={reports} />
          <Strip header={header} reports={reports} select={setSelected} selected={selected} stages={stages} />
          {reports.length > 0 && (
            <div class="charts">
              {drawn.map((curve) => (
                <Chart
                  key={curve.title}
                  {...curve}
                  stages={stages}
                  zoom={zoom}
                  open={(step) => go(link(run, "episodes", "", { step }))}
                />
              ))}
            </div>
          )}
          <Accuracy header={header} run={run} />
          <Ledger reports={reports} run={run} stages={stages} />
          <Settings header={header} />
        </>
      )}
    </>
  )
}
