/**
 * The workers of an embedded engine as one: commands go to all, requests to one each.
 *
 * Requests that are made in one turn of the event loop travel in one message per worker.
 * Requests of one family meet at one worker, so that they share keys and values; a new
 * family goes to the worker with the fewest requests in flight. Where a request is computed
 * does not change its result.
 */
import { Effect, type Scope } from "effect"
import { Worker } from "node:worker_threads"
import { EngineError, EngineUnavailable, type Sample, type SampleRequest } from "../../domain/Engine.ts"
import type { MemoryMap } from "./MemoryMap.ts"
import {
  type Command,
  decodeSamples,
  encodeRequests,
  type FromWorker,
  type Scores,
  type Start,
  type ToWorker
} from "./Messages.ts"

type Resume<A> = (effect: Effect.Effect<A, EngineError>) => void

const unavailable = (detail: string, cause?: unknown): EngineError =>
  new EngineError({ reason: new EngineUnavailable(cause === undefined ? { detail } : { detail, cause }) })

/** One worker and what it has not answered yet. */
class Member {
  private readonly worker: Worker
  private readonly commands = new Map<number, Resume<Scores | undefined>>()
  private readonly samples = new Map<number, Resume<Sample>>()
  private outbox: Array<{ readonly id: number; readonly request: SampleRequest }> = []
  private nextId = 0
  private failure: EngineError | undefined

  constructor(start: Start) {
    // Sources run as they are, under node's own type stripping; the build has JavaScript beside this file.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
    this.worker = new Worker(new URL(`./Worker.${extension}`, import.meta.url), { workerData: start })
    this.worker.on("message", (message: FromWorker) => this.receive(message))
    this.worker.on("error", (cause) => this.fail(unavailable(`worker ${start.index} failed`, cause)))
    this.worker.on("exit", (code) => this.fail(unavailable(`worker ${start.index} ended with code ${code}`)))
  }

  get load(): number {
    return this.samples.size
  }

  readonly command = (command: Command): Effect.Effect<Scores | undefined, EngineError> =>
    Effect.callback((resume) => {
      if (this.failure !== undefined) return resume(Effect.fail(this.failure))
      const id = this.nextId++
      this.commands.set(id, resume)
      this.post({ _tag: "Command", id, command })
    })

  readonly sample = (request: SampleRequest): Effect.Effect<Sample, EngineError> =>
    Effect.callback((resume) => {
      if (this.failure !== undefined) return resume(Effect.fail(this.failure))
      const id = this.nextId++
      this.samples.set(id, resume)
      if (this.outbox.push({ id, request }) === 1) queueMicrotask(() => this.flush())
      return Effect.sync(() => this.cancel(id))
    })

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.fail(unavailable("it has been closed"))
    return Effect.promise(() => this.worker.terminate())
  })

  private flush(): void {
    const requests = encodeRequests(this.outbox)
    this.outbox = []
    if (requests.length > 0) this.post({ _tag: "Sample", requests }, requests.buffer)
  }

  private cancel(id: number): void {
    this.samples.delete(id)
    const unsent = this.outbox.length
    this.outbox = this.outbox.filter((request) => request.id !== id)
    if (this.outbox.length === unsent) this.post({ _tag: "Cancel", id })
  }

  private post(message: ToWorker, ...transfer: ReadonlyArray<ArrayBuffer>): void {
    this.worker.postMessage(message, transfer)
  }

  private receive(message: FromWorker): void {
    if (message._tag === "Done") return this.answer(this.commands, message.id, Effect.succeed(message.scores))
    for (const { id, ...sample } of decodeSamples(message.samples)) {
      this.answer(this.samples, id, Effect.succeed(sample))
    }
  }

  private answer<A>(waiting: Map<number, Resume<A>>, id: number, effect: Effect.Effect<A, EngineError>): void {
    const resume = waiting.get(id)
    waiting.delete(id)
    resume?.(effect)
  }

  private fail(error: EngineError): void {
    this.failure ??= error
    const { failure } = this
    for (const id of this.commands.keys()) this.answer(this.commands, id, Effect.fail(failure))
    for (const id of this.samples.keys()) this.answer(this.samples, id, Effect.fail(failure))
  }
}

/** How many families' workers are remembered. */
const rememberedFamilies = 4096

export interface Pool {
  readonly size: number
  /** Has every worker carry a command out, and waits for all. */
  readonly all: (
    command: (worker: number) => Command
  ) => Effect.Effect<ReadonlyArray<Scores | undefined>, EngineError>
  readonly one: (worker: number, command: Command) => Effect.Effect<Scores | undefined, EngineError>
  readonly sample: (request: SampleRequest) => Effect.Effect<Sample, EngineError>
}

/** Starts as many workers as the map has room for; they end with the scope. */
export const make = Effect.fnUntraced(function*(options: {
  readonly map: MemoryMap
  readonly memory: WebAssembly.Memory
  readonly kernels: WebAssembly.Module
}): Effect.fn.Return<Pool, EngineError, Scope.Scope> {
  const members = yield* Effect.forEach(options.map.workers, (_, index) =>
    Effect.acquireRelease(
      Effect.try({
        try: () => new Member({ ...options, index }),
        catch: (cause) => unavailable(`worker ${index} did not start`, cause)
      }),
      (member) => member.close
    ))
  const families = new Map<string, Member>()

  const leastLoaded = (): Member => members.reduce((best, member) => member.load < best.load ? member : best)

  const memberFor = (request: SampleRequest): Member => {
    const key = request.family ?? request.session
    if (key === undefined) return leastLoaded()
    const known = families.get(key)
    if (known !== undefined) return known
    const member = leastLoaded()
    families.set(key, member)
    const oldest = families.keys().next()
    if (families.size > rememberedFamilies && oldest.done !== true) families.delete(oldest.value)
    return member
  }

  return {
    size: members.length,
    all: (command) =>
      Effect.forEach(members, (member, index) => member.command(command(index)), { concurrency: "unbounded" }),
    one: (worker, command) => members[worker]!.command(command),
    sample: (request) => Effect.suspend(() => memberFor(request).sample(request))
  }
})
