/**
 * How long a large run takes to open in a browser, and how smoothly its episodes scroll. The run is written for the
 * occasion: drills played once with every token, and then recorded as often as it takes under other names.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Clock, Effect, FileSystem, Layer, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as HttpServer from "effect/http/HttpServer"
import { createServer } from "node:http"
import type { Page } from "playwright-core"
import { actionable } from "../src/domain/augment/Actionable.ts"
import * as Augmentor from "../src/domain/Augmentor.ts"
import type { Episode } from "../src/domain/Episode.ts"
import type { Manifest } from "../src/domain/Manifest.ts"
import type { StepReport } from "../src/domain/Report.ts"
import * as Reward from "../src/domain/Reward.ts"
import { type RunEvent, RunStore } from "../src/domain/RunStore.ts"
import { ofPart, Tasks } from "../src/domain/Tasks.ts"
import * as Base from "../src/layers/Base.ts"
import * as Drills from "../src/layers/Drills.ts"
import * as RunFolder from "../src/layers/RunFolder.ts"
import * as RunIndex from "../src/layers/RunIndex.ts"
import { positive } from "../src/programs/commands/flags.ts"
import { rollout } from "../src/programs/rollout.ts"
import { viewer } from "../src/programs/viewer.ts"
import * as Wiring from "../src/programs/wiring.ts"
import { executable, newPage } from "../test/viewer/browser.ts"
import * as Figures from "./Figures.ts"
import { policyRendering } from "./Scripts.ts"

const groupSize = 16
const groupsPerStep = 20
const stepSize = groupSize * groupsPerStep

const manifest: Manifest = {
  curriculum: "bench",
  seed: 1,
  versions: {},
  tasks: { provenance: { source: "drills", seed: "1" }, sha256: "", counts: {} },
  engine: { name: "scripted", parameters: 0, vocabularySize: 1, contextLength: 1 },
  vocabularyHash: "",
  stages: [{ name: "one", tasks: 1, settings: {} }],
  options: {}
}

const report = (step: number): StepReport => ({
  stage: "one",
  stageIndex: 0,
  stageStep: step,
  step,
  ledger: { attempted: stepSize, trained: stepSize, filtered: {}, failed: {} },
  groups: { collected: groupsPerStep, trained: groupsPerStep, refillRounds: 0 },
  reward: { n: stepSize, mean: 0.5, variance: 0.1 },
  terms: { progress: 0.5 },
  success: { n: stepSize, passed: stepSize / 2 },
  turns: { n: stepSize, passed: stepSize / 2 },
  categories: {},
  codes: { "-1": stepSize },
  hints: {},
  diagnoses: {},
  alarms: [],
  sampledTokens: stepSize,
  advance: { over: false, why: "bench" },
  seconds: { collect: 1, train: 1 }
})

/** What one step appends: the episodes in turn, each as if it were new. */
const eventsOf = (step: number, played: ReadonlyArray<Episode>): ReadonlyArray<RunEvent> => [
  ...Array.from({ length: stepSize }, (_, i): RunEvent => {
    const episode = played[(step * 7 + i) % played.length]!
    const { seed, task } = episode
    return {
      _tag: "EpisodeAttempted",
      attempted: {
        id: `0/${step}/${Math.floor(i / groupSize)}-${task.id}/${i % groupSize}`,
        stage: "one",
        step,
        member: i % groupSize,
        task,
        seed,
        attempts: 1,
        finished: { episode, score: Reward.progress(episode) },
        fate: { _tag: "Trained", advantage: 0 }
      }
    }
  }),
  { _tag: "StepDone", report: report(step) }
]

const write = Effect.fnUntraced(function*(episodes: number, folder: string) {
  const { vocabulary } = yield* Base.read()
  const tasks = ofPart((yield* Tasks).all, "train").slice(0, 300)
  const played = yield* Effect.forEach(tasks, (task, i) => rollout(task, { seed: i, family: task.id })).pipe(
    Effect.provide([Layer.provide(Drills.environment, Augmentor.layer(actionable)), policyRendering(tasks, vocabulary)])
  )
  const steps = Math.ceil(episodes / stepSize)
  yield* RunStore.use(({ append }) =>
    append([{ _tag: "RunStarted", milliseconds: 0, manifest }]).pipe(
      Effect.andThen(
        Effect.forEach(Array.from({ length: steps }, (_, step) => step), (step) => append(eventsOf(step, played)), {
          discard: true
        })
      ),
      Effect.andThen(append([{ _tag: "RunEnded", outcome: "completed", detail: "", seconds: 1 }]))
    )
  ).pipe(Effect.provide(RunFolder.layer(folder)))
})

/** Seconds between frames while the list is dragged through the whole run, as an expression of the page's. */
const scrolling = `new Promise((done) => {
  const list = document.querySelector(".list"), frames = [], last = 240
  let before = performance.now()
  const frame = (now) => {
    frames.push((now - before) / 1000)
    before = now
    list.scrollTop = (list.scrollHeight - list.clientHeight) * frames.length / last
    if (frames.length < last) requestAnimationFrame(frame)
    else done(frames)
  }
  requestAnimationFrame(frame)
})`

const promised = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

const seconds = Effect.map(Clock.currentTimeNanos, (now) => Number(now) / 1e9)

const target: Figures.Target = { of: "value", bound: "at most", value: 2 }

/** Opens the run in a server of its own and looks at it. */
const browse = Effect.fnUntraced(function*(page: Page, folder: string) {
  const begin = yield* seconds
  const server = yield* Layer.build(
    viewer({ runs: [folder], host: "127.0.0.1", token: undefined }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0 })),
      Layer.provide(Wiring.layer)
    )
  )
  const address = yield* Effect.provideContext(HttpServer.addressFormattedWith(Effect.succeed), server)
  yield* promised(() => page.goto(address))
  yield* promised(() => page.waitForSelector(".chart canvas"))
  const run = (yield* seconds) - begin
  yield* promised(() => page.keyboard.press("2"))
  yield* promised(() => page.waitForSelector(".list .row .task"))
  const list = (yield* seconds) - begin
  yield* promised(() => page.locator(".status", { hasText: /^completed$/ }).waitFor())
  const whole = (yield* seconds) - begin
  const frames: ReadonlyArray<number> = yield* promised(() => page.evaluate<ReadonlyArray<number>>(scrolling))
  const last = yield* seconds
  yield* promised(() => page.keyboard.press("G"))
  yield* promised(() => page.waitForSelector(".list .row.selected .task"))
  return { run, list, whole, frames, jump: (yield* seconds) - last }
}, Effect.scoped)

type Browsed = Effect.Success<ReturnType<typeof browse>>

const opening = (
  when: string,
  { list, run, whole }: Browsed,
  wholeTarget?: Figures.Target
): ReadonlyArray<Figures.Figure> => [
  { name: `${when}: the run's page, with its charts`, unit: "s", value: run, target },
  { name: `${when}: the first episodes in their list`, unit: "s", value: list, target },
  { name: `${when}: all episodes listed`, unit: "s", value: whole, ...(wholeTarget && { target: wholeTarget }) }
]

const figuresOf = Effect.fnUntraced(function*(folder: string) {
  const browser = yield* executable
  if (browser === undefined) {
    const read = Figures.spent(
      Effect.scoped(Effect.flatMap(RunIndex.open(folder), ({ progress }) => Stream.runDrain(progress)))
    )
    return [
      {
        name: "all episodes listed, first (no Chromium: set CHROMIUM to one)",
        unit: "s",
        value: (yield* read).seconds
      },
      { name: "later", unit: "s", value: (yield* read).seconds }
    ]
  }
  const page = yield* newPage(browser)
  const first = yield* browse(page, folder)
  const later = yield* browse(page, folder)
  const sorted = [...first.frames, ...later.frames].toSorted((a, b) => a - b).map((frame) => frame * 1000)
  const figures: ReadonlyArray<Figures.Figure> = [
    ...opening("first", first),
    ...opening("later", later, target),
    { name: "a frame of scrolling through all of them, median", unit: "ms", value: Figures.median(sorted) },
    { name: "the slowest frame of twenty", unit: "ms", value: sorted[Math.floor(sorted.length * 0.95)] ?? NaN },
    { name: "a jump to the last one", unit: "s", value: later.jump }
  ]
  return figures
}, Effect.scoped)

export interface Options {
  readonly episodes: number
}

export const measure = Effect.fnUntraced(function*({ episodes }: Options) {
  const fs = yield* FileSystem.FileSystem
  const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
  yield* Effect.provide(write(episodes, folder), Drills.tasks({ seed: 1 }))
  const { size } = yield* fs.stat(`${folder}/episodes.jsonl.gz`)
  const findings: Figures.Findings = {
    bench: "viewer",
    about: `a run of ${episodes} episodes, ${(Number(size) / 1e6).toFixed(0)} MB, from the start of the server on`,
    figures: yield* figuresOf(folder)
  }
  return findings
}, Effect.scoped)

export const command = Command.make(
  "viewer",
  {
    episodes: positive("episodes").pipe(Flag.withDefault(100_000), Flag.withDescription("Of the run that is opened")),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures how a large run opens and scrolls in the viewer"))
