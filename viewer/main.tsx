/** The page: a bar, and below it what the address names. */
import { render } from "preact"
import { useEffect, useMemo, useState } from "preact/hooks"
import type { Headers } from "../src/programs/viewer/wire.ts"
import { useAnswer, useProgress } from "./api.ts"
import { bindings, useKeys } from "./keys.ts"
import { Compare } from "./pages/Compare.tsx"
import { Episode } from "./pages/Episode.tsx"
import { Episodes } from "./pages/Episodes.tsx"
import { Group } from "./pages/Group.tsx"
import { Hints } from "./pages/Hints.tsx"
import { Run } from "./pages/Run.tsx"
import { Task } from "./pages/Task.tsx"
import { Notice } from "./parts/Notice.tsx"
import { go, link, type Page, type Route, useRoute } from "./route.ts"
import type { Shown } from "./shown.ts"
import { nextTheme } from "./theme.ts"

const views: Readonly<Record<Page, (shown: Shown) => preact.ComponentChildren>> = {
  run: (shown) => <Run {...shown} />,
  episodes: (shown) => <Episodes {...shown} key={shown.route.run} />,
  group: (shown) => <Group {...shown} />,
  episode: (shown) => <Episode {...shown} key={shown.route.id} />,
  hints: (shown) => <Hints {...shown} />,
  task: (shown) => <Task {...shown} />,
  compare: (shown) => <Compare {...shown} />
}

const tabs: ReadonlyArray<readonly [name: string, page: Page, of: ReadonlyArray<Page>]> = [
  ["Run", "run", ["run"]],
  ["Episodes", "episodes", ["episodes", "group", "episode"]],
  ["Hints", "hints", ["hints"]],
  ["Compare", "compare", ["compare", "task"]]
]

const Status = ({ progress }: Pick<Shown, "progress">) => {
  if (progress === undefined) return null
  const { outcome, read, size } = progress
  return (
    <span
      class={`status ${outcome}`}
      title={outcome === "killed" ? "No process writes it, and none said that it has ended" : undefined}
    >
      {read < size && <span class="muted">{`reading ${Math.floor(read / size * 100)} %`}</span>}
      <i />
      {outcome === "running" ? "live" : outcome}
    </span>
  )
}

const Bar = ({ headers, progress, route }: { headers: Headers; progress: Shown["progress"]; route: Route }) => (
  <nav class="bar">
    <a class="brand" href={link(route.run, "run")}>envtune</a>
    <span class="runs">
      {headers.map(({ folder }, i) => (
        <a
          key={folder}
          class={i === route.run ? "on" : ""}
          href={link(i, route.page === "episodes" ? "episodes" : "run")}
          title={folder}
        >
          {folder.split("/").filter((part) => part !== "").slice(-2).join("/")}
        </a>
      ))}
    </span>
    <span class="tabs">
      {tabs.map(([name, page, of], i) => (
        <a key={page} class={of.includes(route.page) ? "on" : ""} href={link(route.run, page)}>
          {name}
          <kbd>{i + 1}</kbd>
        </a>
      ))}
    </span>
    <Status progress={progress} />
    <span class="muted keyhint">
      <kbd>?</kbd> keys
    </span>
  </nav>
)

const Help = ({ close }: { close: () => void }) => (
  <div class="overlay" onClick={close} role="dialog" aria-label="Keys">
    <dl class="help">
      {bindings().map(({ does, keys }) => (
        <div key={keys.join()}>
          <dt>{keys.map((key) => <kbd key={key}>{key === " " ? "space" : key.replace("Arrow", "")}</kbd>)}</dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  </div>
)

const App = () => {
  const route = useRoute()
  const [help, setHelp] = useState(false)
  const progress = useProgress(route.run)
  const { error, value: headers } = useAnswer<Headers>(
    "/api/runs?",
    progress && `${progress.outcome} ${progress.steps} ${progress.rewinds}`
  )
  const header = headers?.[route.run]
  useKeys(useMemo(() => [
    ...tabs.map(([name, page], i) => ({ keys: [String(i + 1)], does: name, act: () => go(link(route.run, page)) })),
    ...(headers ?? []).length < 2 ? [] : [{
      keys: ["x"],
      does: "The other run",
      act: () => go(link(1 - route.run, route.page === "episodes" ? "episodes" : "run"))
    }],
    { keys: ["Backspace"], does: "Back", act: () => history.back() },
    { keys: ["d"], does: "Dark or light", act: nextTheme },
    { keys: ["?"], does: "These keys", act: () => setHelp((shown) => !shown) },
    { keys: ["Escape"], does: "Close", act: () => setHelp(false) }
  ], [route.run, route.page, headers]))
  useEffect(() => {
    if (header !== undefined) document.title = `${header.manifest.curriculum}, ${route.page} \u2013 envtune`
  }, [header, route.page])
  useEffect(() => scrollTo(0, 0), [route.page, route.id])
  if (headers === undefined) {
    return error === undefined ? null : (
      <main>
        <Notice>{error}</Notice>
      </main>
    )
  }
  return (
    <>
      <Bar headers={headers} progress={progress} route={route} />
      {header === undefined
        ? (
          <main>
            <Notice>There is no run {route.run}.</Notice>
          </main>
        )
        : (
          // A run that went back to an earlier point is another one: nothing of what was shown need be true any more.
          <main key={progress?.rewinds ?? 0} class={route.page}>
            {views[route.page]({ header, headers, progress, route })}
          </main>
        )}
      {help && <Help close={() => setHelp(false)} />}
    </>
  )
}

render(<App />, document.body)
