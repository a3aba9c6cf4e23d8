/**
 * The models in training, each with an engine of its own. What is asked of a model is carried
 * out one after the other in the order of its sequence numbers, whatever order it arrives in;
 * models do not wait for one another.
 *
 * A number that comes a second time with the same bytes is the first request again: it has
 * its id. With other bytes it is a conflict. So no gradient is counted twice because an
 * answer was lost on its way.
 */
import { Deferred, Effect, Exit, Queue, Scope } from "effect"
import type { Engine } from "../../domain/Engine.ts"
import { InOrder } from "../../domain/tinker/InOrder.ts"
import { type Answer, type Futures, mistaken, type OperationFailed } from "./Futures.ts"
import * as Jobs from "./Jobs.ts"
import { Refused } from "./Refused.ts"

export type Working = Engine["Service"]

interface Job {
  readonly id: string
  readonly operation: Jobs.Operation
  /** The model ends with it. */
  readonly last?: true
}

/** A request as it was recognised the first time. */
interface Known {
  readonly id: string
  readonly digest: string
}

/** Requests of a model that a repetition is recognised of; who repeats an older one has had its answer long since. */
const remembered = 4096

class Model {
  readonly id: string
  readonly session: string
  readonly created: Known
  readonly scope: Scope.Closeable
  readonly jobs: Queue.Queue<Job>
  readonly engine = Deferred.makeUnsafe<Working, OperationFailed>()
  readonly order = new InOrder<Job>()
  readonly unsettled = new Set<string>()
  private readonly known = new Map<number, Known>()

  constructor(of: Pick<Model, "id" | "session" | "created" | "scope" | "jobs">) {
    this.id = of.id
    this.session = of.session
    this.created = of.created
    this.scope = of.scope
    this.jobs = of.jobs
  }

  recognise(number: number): Known | undefined {
    return this.known.get(number)
  }

  remember(number: number, request: Known): void {
    this.known.set(number, request)
    const oldest = this.known.keys().next()
    if (this.known.size > remembered && oldest.done !== true) this.known.delete(oldest.value)
  }
}

export interface Request {
  readonly number: number
  /** Of the request's bytes. */
  readonly digest: string
  readonly bytes: number
  readonly operation: (engine: Working) => Jobs.Operation
}

export interface Creation {
  readonly session: string
  /** Of the model in its session, from 0. */
  readonly number: number
  readonly digest: string
  /** Carried out first, with the model's id and a new engine. */
  readonly operation: (engine: Working, id: string) => Jobs.Operation
}

const conflict = (what: string): Refused =>
  new Refused({ status: 409, detail: `${what} was used before, for another request or too long ago` })

export const make = Effect.fnUntraced(function*(options: {
  readonly futures: Futures
  /** A new engine, for as long as the scope. */
  readonly open: Effect.Effect<Working, OperationFailed, Scope.Scope>
  /** Models at a time. */
  readonly most: number
}) {
  const { futures, most, open } = options
  const scope = yield* Effect.scope
  const models = new Map<string, Model>()

  const find = (id: string): Effect.Effect<Model, Refused> => {
    const model = models.get(id)
    return model === undefined
      ? Effect.fail(new Refused({ status: 404, detail: `there is no model "${id}"` }))
      : Effect.succeed(model)
  }

  const close = (model: Model): Effect.Effect<void> =>
    Effect.suspend(() => {
      models.delete(model.id)
      const end = Scope.close(model.scope, Exit.void)
      return Effect.andThen(end, Effect.sync(() => Jobs.abandon(futures, model.unsettled)))
    })

  const work = (model: Model): Effect.Effect<never> =>
    Queue.take(model.jobs).pipe(
      Effect.flatMap(({ id, last, operation }) =>
        Jobs.perform(futures, id, operation).pipe(
          Effect.ensuring(Effect.sync(() => model.unsettled.delete(id))),
          Effect.andThen(last === true ? Effect.forkIn(close(model), scope) : Effect.void)
        )
      ),
      Effect.forever
    )

  const opened = (model: Model): Jobs.Operation =>
    Effect.as(Deferred.into(Scope.provide(open, model.scope), model.engine), { json: {}, numbers: 0 })

  const create = Effect.fnUntraced(function*({ digest, number, operation, session }: Creation) {
    const modelId = `${session}:train:${number}`
    const before = models.get(modelId)
    if (before !== undefined) {
      if (before.created.digest === digest) return { id: before.created.id, modelId }
      return yield* conflict(`model number ${number} of the session`)
    }
    const id = yield* Jobs.accept(futures, { bytes: 0 })
    if (models.size >= most) {
      const full = mistaken(`this server holds ${most} models at a time, and there are as many: unload one`)
      futures.settle(id, Effect.fail(full), 0)
      return { id, modelId }
    }
    const model = new Model({
      id: modelId,
      session,
      created: { id, digest },
      scope: yield* Scope.fork(scope),
      jobs: yield* Queue.unbounded<Job>()
    })
    models.set(modelId, model)
    model.unsettled.add(id)
    const first = Effect.andThen(
      opened(model),
      Effect.flatMap(Deferred.await(model.engine), (engine) => operation(engine, modelId))
    ).pipe(Effect.tapError(() => Effect.forkIn(close(model), scope)))
    Queue.offerUnsafe(model.jobs, { id, operation: first })
    yield* Effect.forkIn(work(model), model.scope)
    return { id, modelId }
  }, Effect.uninterruptible)

  const submit = (modelId: string, { bytes, digest, number, operation }: Request) =>
    Effect.uninterruptible(Effect.gen(function*() {
      const model = yield* find(modelId)
      const before = model.recognise(number)
      if (before?.digest === digest && futures.has(before.id)) return before.id
      if (before !== undefined || number < 1 || model.order.isPast(number)) {
        return yield* conflict(`seq_id ${number} of the model`)
      }
      const id = yield* Jobs.accept(futures, {
        bytes,
        waitsFor: () => model.order.isPast(number) ? undefined : `waiting for seq_id ${model.order.awaited}`
      })
      model.remember(number, { id, digest })
      model.unsettled.add(id)
      const job = { id, operation: Effect.flatMap(Deferred.await(model.engine), operation) }
      for (const due of model.order.add(number, job)) Queue.offerUnsafe(model.jobs, due)
      return id
    }))

  return {
    create,
    /** Accepts a request and answers with its id. */
    submit,
    exists: (id: string) => Effect.asVoid(find(id)),
    /** Ends a model after what was accepted before. */
    unload: Effect.fnUntraced(function*(modelId: string) {
      const model = yield* find(modelId)
      const id = yield* Jobs.accept(futures, { bytes: 0 })
      const answer: Answer = { json: { model_id: modelId, type: "unload_model" }, numbers: 0 }
      model.unsettled.add(id)
      Queue.offerUnsafe(model.jobs, { id, operation: Effect.succeed(answer), last: true })
      return id
    }, Effect.uninterruptible),
    /** Ends the models of a session at once. */
    closeSession: (session: string) =>
      Effect.forEach(
        Array.from(models.values()).filter((model) => model.session === session),
        close,
        { discard: true }
      )
  }
})
