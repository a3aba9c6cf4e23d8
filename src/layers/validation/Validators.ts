/** Worker threads that validate ground truths, all of them at once. */
import { Effect, type Scope } from "effect"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { Entry } from "../../domain/bfcl/Entry.ts"
import type { Finding } from "../../domain/bfcl/Validation.ts"

/** What a worker is given. */
export interface Share {
  readonly entries: ReadonlyArray<Entry>
  /** The long-context constants, as the text of their file. */
  readonly longContext: string
  /** How often each is played. */
  readonly times: number
}

/** In the order of the entries. */
export type FromWorker = ReadonlyArray<Finding>

export interface Validators {
  readonly size: number
  /** Findings in the order of the entries. A worker that breaks down is a defect. */
  readonly validate: (all: Share) => Effect.Effect<ReadonlyArray<Finding>>
}

const start = Effect.acquireRelease(
  Effect.sync(() => {
    // Sources run as they are, under node's own type stripping; the build has JavaScript beside this file.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
    return new Worker(new URL(`./Worker.${extension}`, import.meta.url))
  }),
  (worker) => Effect.promise(() => worker.terminate())
)

const ask = (worker: Worker, share: Share): Effect.Effect<FromWorker> =>
  Effect.callback((resume) => {
    const succeed = (findings: FromWorker) => done(Effect.succeed(findings))
    const fail = (cause: unknown) => done(Effect.die(cause))
    const done = (effect: Effect.Effect<FromWorker>) => {
      worker.off("message", succeed).off("error", fail)
      resume(effect)
    }
    worker.on("message", succeed).on("error", fail)
    worker.postMessage(share, [])
  })

const nothing: Share = { entries: [], longContext: "{}", times: 1 }

/** Starts one worker for each core unless told how many, and waits until they are ready; they end with the scope. */
export const make: (workers?: number) => Effect.Effect<Validators, never, Scope.Scope> = Effect.fnUntraced(
  function*(size = availableParallelism()) {
    const workers = yield* Effect.forEach(Array.from({ length: size }), () => start)
    yield* Effect.forEach(workers, (worker) => ask(worker, nothing), { concurrency: "unbounded" })
    return {
      size,
      validate: ({ entries, ...rest }) =>
        Effect.forEach(
          workers,
          // Dealt out in turn, as neighbours use the same tool sets and take alike long.
          (worker, at) => ask(worker, { ...rest, entries: entries.filter((_, i) => i % size === at) }),
          { concurrency: "unbounded" }
        ).pipe(Effect.map((shares) => entries.map((_, i) => shares[i % size]![Math.floor(i / size)]!)))
    }
  }
)
