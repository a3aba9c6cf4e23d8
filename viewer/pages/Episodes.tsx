import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks"
import type { EpisodePage, EpisodeSummary, Facets } from "../../src/domain/RunView.ts"
import { address, ask, useAnswer } from "../api.ts"
import { grouped, signed, words } from "../format.ts"
import { useKeys } from "../keys.ts"
import { Notice } from "../parts/Notice.tsx"
import { VirtualList } from "../parts/VirtualList.tsx"
import { go, link, replace } from "../route.ts"
import type { Shown } from "../shown.ts"

const rowHeight = 26
const pageSize = 200

/** Where the reader was in each list, by its address. */
const places = new Map<string, { top: number; selected: number }>()

const placeOf = (list: string) => {
  const place = places.get(list) ?? { top: 0, selected: 0 }
  places.set(list, place)
  return place
}

const asked = [
  "stage",
  "step",
  "category",
  "fate",
  "verdict",
  "failure",
  "hint",
  "text",
  "order",
  "descending"
] as const

const Row = ({ episode, run }: { episode: EpisodeSummary; run: number }) => {
  const { advantage, calls, category, cause, fate, hints, id, member, passed, reward, step, steps, task, turns } =
    episode
  return (
    <>
      <span class="n muted">{step}</span>
      <span class={`mark ${fate === "failed" ? "" : passed ? "good" : "bad"}`}>
        {fate === "failed" ? "\u2013" : passed ? "\u2713" : "\u2717"}
      </span>
      <a class="task" href={link(run, "episode", id)} tabIndex={-1} onClick={(event) => event.preventDefault()}>
        {task}
      </a>
      <span class="n muted">{member}</span>
      <span class="muted">{category}</span>
      <span class="n">{reward === undefined ? "\u2013" : reward.toFixed(2)}</span>
      <span class="n">{advantage === undefined ? "" : signed(advantage)}</span>
      <span class="n">{episode.turnsPassed}/{turns}</span>
      <span class="n">{steps}</span>
      <span class="n">{calls}</span>
      <span class={`fate ${fate}`}>{fate === "trained" ? "trained" : words(cause ?? fate)}</span>
      <span class="muted rest">
        {[episode.failure === undefined ? "" : words(episode.failure), ...hints].filter((word) => word !== "").join(
          " \u00b7 "
        )}
      </span>
    </>
  )
}

/** Pages of a list, brought when they come into sight, and again when the record has grown. */
const usePages = (url: (offset: number) => string, known: number) => {
  const [, drawAgain] = useState(0)
  const pages = useRef(new Map<number, { readonly known: number; readonly page?: EpisodePage }>())
  const [matching, setMatching] = useState<number>()
  const [error, setError] = useState<string>()
  const latest = useRef(known)
  latest.current = known
  const again = useRef<(at: number) => void>(() => undefined)
  const bring = useCallback((at: number) => {
    const had = pages.current.get(at)
    // A full page of a list that only grows at its end stays as it is.
    if (had !== undefined && (had.known === known || had.page === undefined)) return
    pages.current.set(at, { known, ...had?.page !== undefined && { page: had.page } })
    ask<EpisodePage>(url(at * pageSize)).then((page) => {
      pages.current.set(at, { known, page })
      setMatching(page.matching)
      setError(undefined)
      drawAgain((count) => count + 1)
      // The record grew while the page was under way.
      if (latest.current !== known) again.current(at)
    }, (reason: unknown) => {
      pages.current.delete(at)
      setError(String(reason))
    })
  }, [url, known])
  again.current = bring
  const rowAt = (at: number): EpisodeSummary | undefined =>
    pages.current.get(Math.floor(at / pageSize))?.page?.episodes[at % pageSize]
  return { bring, error, matching, rowAt }
}

const List = (
  { known, list, query, run }: { known: number; list: string; query: Readonly<Record<string, string>>; run: number }
) => {
  const url = useCallback(
    (offset: number) => address("episodes", { run, offset, limit: pageSize, ...query }),
    [run, list]
  )
  const { bring, error, matching, rowAt } = usePages(url, known)
  const sight = useRef({ from: 0, to: 0 })
  const sees = useCallback((from: number, to: number) => {
    sight.current = { from, to }
    for (let at = Math.floor(from / pageSize); at <= Math.floor(to / pageSize); at++) bring(at)
  }, [bring])
  useEffect(() => sees(sight.current.from, sight.current.to), [sees])
  const openGroup = (at: number) => {
    const episode = rowAt(at)
    if (episode !== undefined) go(link(run, "group", episode.id))
  }
  const place = placeOf(list)
  useKeys([{ keys: ["m"], does: "Open its group", act: () => openGroup(place.selected) }])
  return (
    <>
      {error !== undefined && <Notice>{error}</Notice>}
      <p class="count muted">{matching === undefined ? "\u2026" : `${grouped(matching)} episodes`}</p>
      <div class="columns head row">
        <span class="n">step</span>
        <span />
        <span>task</span>
        <span class="n">m</span>
        <span>category</span>
        <span class="n">reward</span>
        <span class="n">adv.</span>
        <span class="n">turns</span>
        <span class="n">msgs</span>
        <span class="n">calls</span>
        <span>fate</span>
        <span>why, and hints</span>
      </div>
      {matching !== undefined && (
        <VirtualList
          count={matching}
          rowHeight={rowHeight}
          place={place}
          sees={sees}
          open={(at) => {
            const episode = rowAt(at)
            if (episode !== undefined) go(link(run, "episode", episode.id))
          }}
          row={(at) => {
            const episode = rowAt(at)
            return episode === undefined ? <span class="muted">{"\u2026"}</span> : <Row episode={episode} run={run} />
          }}
        />
      )}
    </>
  )
}

/** All episodes of a run, filtered and ordered by the server. */
export const Episodes = ({ header, progress, route: { query, run } }: Shown) => {
  const known = progress?.episodes ?? 0
  const { value: facets } = useAnswer<Facets>(address("facets", { run }), Math.ceil(Math.log2(known + 1)))
  const given = useMemo(
    () => Object.fromEntries(asked.flatMap((name) => query.has(name) ? [[name, query.get(name) ?? ""]] : [])),
    [query]
  )
  const field = useRef<HTMLInputElement>(null)
  const change = (name: string, value: string) => replace(link(run, "episodes", "", { ...given, [name]: value }))
  useKeys([
    { keys: ["/"], does: "Search ids", act: () => field.current?.focus() },
    { keys: ["c"], does: "Clear all filters", act: () => replace(link(run, "episodes")) },
    {
      keys: ["f"],
      does: "Failed, passed or all",
      act: () =>
        change("verdict", given["verdict"] === "failed" ? "passed" : given["verdict"] === "passed" ? "" : "failed")
    },
    {
      keys: ["r"],
      does: "Turn the order around",
      act: () => change("descending", given["descending"] === "true" ? "" : "true")
    }
  ])
  const choice = (name: string, all: string, options: ReadonlyArray<string>) => (
    <select
      aria-label={all}
      class={given[name] === undefined ? "" : "set"}
      value={given[name] ?? ""}
      onChange={({ currentTarget }) => change(name, currentTarget.value)}
    >
      <option value="">{all}</option>
      {options.map((option) => <option key={option} value={option}>{words(option)}</option>)}
    </select>
  )
  const list = link(run, "episodes", "", given)
  return (
    <>
      <div class="filters">
        <input
          ref={field}
          type="search"
          placeholder="part of an id  (/)"
          value={given["text"] ?? ""}
          onInput={({ currentTarget }) => change("text", currentTarget.value)}
        />
        {choice("stage", "every stage", header.manifest.stages.map(({ name }) => name))}
        <input
          type="number"
          min={0}
          placeholder="step"
          class={given["step"] === undefined ? "" : "set"}
          value={given["step"] ?? ""}
          onInput={({ currentTarget }) => change("step", currentTarget.value)}
        />
        {choice("category", "every category", facets?.categories ?? [])}
        {choice("verdict", "passed or not", ["passed", "failed"])}
        {choice("failure", "every failure", facets?.failures ?? [])}
        {choice("fate", "every fate", ["trained", "filtered", "failed"])}
        {choice("hint", "hint or none", facets?.hints ?? [])}
        {choice("order", "in order", ["reward", "advantage", "steps", "calls", "hints"])}
        <button
          type="button"
          title="Turn the order around (r)"
          onClick={() => change("descending", given["descending"] === "true" ? "" : "true")}
        >
          {given["descending"] === "true" ? "\u2193" : "\u2191"}
        </button>
        {Object.keys(given).length > 0 && (
          <button type="button" onClick={() => replace(link(run, "episodes"))}>clear</button>
        )}
      </div>
      <List key={list} known={known} list={list} query={given} run={run} />
    </>
  )
}
