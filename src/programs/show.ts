/** Puts the view of a run on a screen: in place on a terminal, line by line elsewhere, or as JSON lines. */
import type { Scope } from "effect"
import { Clock, Config, Console, Effect, Layer, Option, Stdio, Terminal } from "effect"
import { passed } from "../domain/Episode.ts"
import type { Played } from "../domain/Evaluation.ts"
import { type RunEvent, RunStore } from "../domain/RunStore.ts"
import * as View from "./view.ts"

export interface Show {
  readonly events: (events: ReadonlyArray<RunEvent>) => Effect.Effect<void>
  readonly played: (when: "before" | "after", played: Played) => Effect.Effect<void>
}

const nothing = () => Effect.void

/** What a step is made of; its report sums it up. */
const parts: ReadonlyArray<RunEvent["_tag"]> = ["EpisodesMoved", "EpisodeAttempted", "RoundJudged", "UpdateStarted"]

/** Every event but those within a step, one JSON object a line, on stdout. */
export const json: Show = {
  events: (events) =>
    Effect.forEach(
      events.filter(({ _tag }) => !parts.includes(_tag)),
      (event) => Console.log(JSON.stringify(event)),
      { discard: true }
    ),
  played: nothing
}

/** One line of text for each event that is news. */
export const plain: Show = {
  events: (events) =>
    Effect.forEach(events.flatMap((event) => View.line(event) ?? []), (line) => Console.log(line), { discard: true }),
  played: nothing
}

/** Colours are wanted unless `NO_COLOR` is set to anything (no-color.org). */
export const colors: Effect.Effect<boolean> = Effect.gen(function*() {
  const value = yield* Config.option(Config.String("NO_COLOR"))
  return Option.isNone(value) || value.value === ""
}).pipe(Effect.orElseSucceed(() => true))

const hideCursor = "\x1b[?25l"
const showCursor = "\x1b[?25h"

/** Redraws in place, a few times a second, until its scope closes. */
export const live = Effect.fnUntraced(function*(evaluationSize: number): Effect.fn.Return<
  Show,
  never,
  Terminal.Terminal | Scope.Scope
> {
  const terminal = yield* Terminal.Terminal
  const inColor = yield* colors
  let state = View.start(yield* Clock.currentTimeMillis, evaluationSize)
  let drawn = 0
  // A screen that cannot be written to (a closed pipe) must not stop a run.
  const display = (text: string) => Effect.ignore(terminal.display(text))
  const draw = Effect.gen(function*() {
    const screen = {
      // One column is left free: a full line would wrap on some terminals, and the cursor would be off.
      columns: Math.max(20, (yield* terminal.columns) - 1),
      colors: inColor,
      now: yield* Clock.currentTimeMillis
    }
    const lines = View.lines(state, screen).slice(0, Math.max(1, (yield* terminal.rows) - 1))
    const up = drawn === 0 ? "" : `\x1b[${drawn}A`
    yield* display(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join("")}\x1b[0J`)
    drawn = lines.length
  })
  yield* Effect.acquireRelease(display(hideCursor), () => Effect.andThen(draw, display(showCursor)))
  yield* draw.pipe(Effect.delay("250 millis"), Effect.forever, Effect.forkScoped)
  return {
    events: (events) =>
      Effect.sync(() => {
        state = events.reduce(View.next, state)
      }),
    played: (when, one) =>
      Effect.sync(() => {
        state = View.played(state, when, one._tag === "Finished" && passed(one.episode))
      })
  }
})

/** The show for where stdout goes. `evaluationSize` is the number of episodes of one evaluation. */
export const make = Effect.fnUntraced(function*(options: { readonly json: boolean; readonly evaluationSize: number }) {
  if (options.json) return json
  const stdio = yield* Stdio.Stdio
  return (yield* stdio.stdoutIsTerminal) ? yield* live(options.evaluationSize) : plain
})

/** A store that also shows what it is given, once it is recorded. */
export const layerShown = (show: Show): Layer.Layer<RunStore, never, RunStore> =>
  Layer.effect(
    RunStore,
    Effect.map(RunStore, (store) =>
      RunStore.of({
        append: (events) => Effect.tap(store.append(events), () => show.events(events))
      }))
  )
