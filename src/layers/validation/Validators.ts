/** Worker threads that validate ground truths, all of them at once. */
import { Effect, type Scope } from "effect"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { Entry } from "../../domain/bfcl/Entry.ts"
import type { Finding } from "../../domain/bfcl/Validation.ts"
import { Stretches } from "../../domain/Stretches.ts"

/** What there is to validate. */
export interface Work {
  readonly entries: ReadonlyArray<Entry>
  /** The long-context constants, as the text of their file. */
  readonly longContext: string
  /** How often each is played. */
  readonly times: number
}

/** What a worker is given at a time. Of its shares, the first has the constants, which hold for those that follow. */
export interface Share extends Omit<Work, "longContext"> {
  readonly longContext?: string
}

/** In the order of the entries. */
export type FromWorker = ReadonlyArray<Finding>

export interface Validators {
  readonly size: number
  /** Findings in the order of the entries. A worker that breaks down is a defect. */
  readonly validate: (all: Work) => Effect.Effect<ReadonlyArray<Finding>>
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

/** Entries in a share: so few that all workers end together, so many that shares take no time. */
const shareSize = 8

/** Entries of the same tool sets side by side, so that a worker has to do with few of them: every one compiles what it runs. */
const inOrder = (entries: ReadonlyArray<Entry>): ReadonlyArray<number> => {
  const kinds = entries.map(({ classes }) => classes.toSorted().join(" "))
  return [...entries.keys()].toSorted((a, b) => kinds[a]! < kinds[b]! ? -1 : kinds[a]! > kinds[b]! ? 1 : a - b)
}

const validateAll = (workers: ReadonlyArray<Worker>, { entries, longContext, times }: Work) =>
  Effect.gen(function*() {
    const order = inOrder(entries)
    const stretches = new Stretches(entries.length, workers.length)
    const findings = new Map<number, Finding>()
    const work = Effect.fnUntraced(function*(worker: Worker, at: number) {
      yield* ask(worker, { ...nothing, longContext })
      for (;;) {
        const stretch = stretches.take(at, shareSize)
        if (stretch === undefined) return
        const share = order.slice(stretch.start, stretch.end)
        const found = yield* ask(worker, { entries: share.map((entry) => entries[entry]!), times })
        for (const [i, entry] of share.entries()) findings.set(entry, found[i]!)
      }
    })
    yield* Effect.forEach(workers, work, { concurrency: "unbounded", discard: true })
    return entries.map((_, entry) => findings.get(entry)!)
  })

/** Starts one worker for each core unless told how many, and waits until they are ready; they end with the scope. */
export const make: (workers?: number) => Effect.Effect<Validators, never, Scope.Scope> = Effect.fnUntraced(
  function*(size = availableParallelism()) {
    const workers = yield* Effect.forEach(Array.from({ length: size }), () => start)
    yield* Effect.forEach(workers, (worker) => ask(worker, nothing), { concurrency: "unbounded" })
    return { size, validate: (work) => validateAll(workers, work) }
  }
)
