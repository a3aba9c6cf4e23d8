import { useState } from "preact/hooks"
import type { HintUse } from "../../src/domain/RunView.ts"
import { address, useAnswer } from "../api.ts"
import { grouped, sum } from "../format.ts"
import { useKeys } from "../keys.ts"
import { Estimate, Marks } from "../parts/Estimate.tsx"
import { Outcome } from "../parts/Messages.tsx"
import { Notice } from "../parts/Notice.tsx"
import { link } from "../route.ts"
import type { Shown } from "../shown.ts"

const total = (uses: ReadonlyArray<HintUse>, of: (use: HintUse) => number): number =>
  uses.reduce((sum, use) => sum + of(use), 0)

const fired = ({ following }: HintUse): number => following.fired

const Uses = ({ name, rule, run, stage, uses, whole }: {
  name: string
  rule: string
  run: number
  stage: string | undefined
  uses: ReadonlyArray<HintUse>
  whole: boolean
}) => {
  const followed = sum(uses.map(({ following }) => following.followed))
  const recovered = sum(uses.map(({ following }) => following.recovered))
  return (
    <tr class={whole ? "whole" : ""}>
      <td>{name}</td>
      <td class="n">{grouped(total(uses, fired))}</td>
      <td class="n">
        <a href={link(run, "episodes", "", { hint: rule, stage })}>
          {grouped(total(uses, ({ episodes }) => episodes))}
        </a>
      </td>
      <td class="plot">
        <Marks marks={[{ kind: "after", rate: followed }]} />
      </td>
      <td class="n">
        <Estimate rate={followed} />
      </td>
      <td class="plot">
        <Marks marks={[{ kind: "turns", rate: recovered }]} />
      </td>
      <td class="n">
        <Estimate rate={recovered} />
      </td>
    </tr>
  )
}

/** What failed calls were answered with, and what followed. */
export const Hints = ({ progress, route: { run } }: Shown) => {
  const complete = progress !== undefined && progress.read >= progress.size
  const { error, value } = useAnswer<ReadonlyArray<HintUse>>(
    complete ? address("hints", { run }) : undefined,
    progress?.episodes
  )
  const [open, setOpen] = useState<string>()
  const rules = Array.from(Map.groupBy(value ?? [], ({ rule }) => rule))
    .toSorted(([, a], [, b]) => total(b, fired) - total(a, fired))
  const names = rules.map(([rule]) => rule)
  const move = (by: number) =>
    setOpen((rule) =>
      names[Math.max(0, Math.min(names.length - 1, (rule === undefined ? -1 : names.indexOf(rule)) + by))]
    )
  useKeys([
    { keys: ["j", "ArrowDown"], does: "Next rule", act: () => move(1) },
    { keys: ["k", "ArrowUp"], does: "Rule before", act: () => move(-1) }
  ])
  if (error !== undefined) return <Notice>{error}</Notice>
  return (
    <>
      <header class="top">
        <h1>Hints</h1>
        <p class="muted">
          How often each rule explained a failed call, whether the agent&rsquo;s next call in the turn was what the rule
          asks for, and how many of the turns in which it spoke passed; by stage, with 95 % Wilson intervals. What
          follows a hint is not yet what it caused.
        </p>
      </header>
      {value === undefined && (
        <p class="muted">{complete ? "counting every hint\u2026" : "reading the episodes\u2026"}</p>
      )}
      {value !== undefined && rules.length === 0 && <p>No hint was given in this run.</p>}
      {rules.length > 0 && (
        <div class="wide">
          <table class="hints">
            <thead>
              <tr>
                <th>rule</th>
                <th class="n">fired</th>
                <th class="n">episodes</th>
                <th class="plot">
                  <span>0</span>
                  <span>100 %</span>
                </th>
                <th class="n">followed</th>
                <th class="plot">
                  <span>0</span>
                  <span>100 %</span>
                </th>
                <th class="n">recovered</th>
              </tr>
            </thead>
            {rules.map(([rule, uses]) => (
              <tbody
                key={rule}
                class={open === rule ? "open" : ""}
                onClick={() => setOpen(open === rule ? undefined : rule)}
              >
                <Uses name={rule} rule={rule} run={run} stage={undefined} uses={uses} whole />
                {open === rule &&
                  uses.map((use) => (
                    <Uses
                      key={use.stage}
                      name={use.stage}
                      rule={rule}
                      run={run}
                      stage={use.stage}
                      uses={[use]}
                      whole={false}
                    />
                  ))}
                {open === rule && (
                  <tr class="examples">
                    <td colSpan={7} onClick={(event) => event.stopPropagation()}>
                      {uses.map(({ example: { id, outcome } }) => (
                        <div key={id}>
                          <a href={link(run, "episode", id)}>{id}</a>
                          <Outcome outcome={outcome} />
                        </div>
                      ))}
                    </td>
                  </tr>
                )}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </>
  )
}
