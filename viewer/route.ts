/** Where the reader is: the address after `#`, so that every page, list and episode can be linked to. */
import { useEffect, useState } from "preact/hooks"

export type Page = "run" | "episodes" | "group" | "episode" | "hints" | "task" | "compare"

export interface Route {
  readonly page: Page
  /** Position of the run among those shown. */
  readonly run: number
  /** Of an episode, a group's member or a task; ids have slashes. */
  readonly id: string
  readonly query: URLSearchParams
}

const pages: ReadonlyArray<Page> = ["run", "episodes", "group", "episode", "hints", "task", "compare"]

/** `#/0/episode/2/17/task/3?step=4`. What cannot be understood is the first run's page. */
export const parse = (hash: string): Route => {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2)
  const [run = "", page = "", ...id] = path.split("/")
  return {
    run: /^\d+$/.test(run) ? Number(run) : 0,
    page: pages.find((known) => known === page) ?? "run",
    id: id.map(decodeURIComponent).join("/"),
    query: new URLSearchParams(query)
  }
}

export const link = (
  run: number,
  page: Page,
  id = "",
  query: Readonly<Record<string, string | number | undefined>> = {}
): string => {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, String(value)]]
  )
  const path = [String(run), page, ...id === "" ? [] : id.split("/").map(encodeURIComponent)].join("/")
  const search = new URLSearchParams(given).toString()
  return search === "" ? `#/${path}` : `#/${path}?${search}`
}

export const go = (to: string): void => {
  location.hash = to
}

/** Changes the address without a step back to what it was. */
export const replace = (to: string): void => {
  history.replaceState(null, "", to)
  dispatchEvent(new HashChangeEvent("hashchange"))
}

export const useRoute = (): Route => {
  const [route, setRoute] = useState(() => parse(location.hash))
  useEffect(() => {
    const changed = () => setRoute(parse(location.hash))
    addEventListener("hashchange", changed)
    return () => removeEventListener("hashchange", changed)
  }, [])
  return route
}
