/** Operations that are carried out after they were accepted, each with an outcome, whatever becomes of it. */
import { Cause, Effect, Exit, type Scope } from "effect"
import type { EngineError } from "../../domain/Engine.ts"
import { type Accepting, type Answer, type Futures, mistaken, OperationFailed } from "./Futures.ts"
import { Refused } from "./Refused.ts"

export type Operation = Effect.Effect<Answer, OperationFailed>

/** The engine that turns a request down is right; one that is gone is the server's fault. */
export const ofEngine = ({ isRetryable, message }: EngineError): OperationFailed =>
  new OperationFailed({ error: message, category: isRetryable ? "server" : "user" })

const unloaded = mistaken("the model was unloaded before the request was carried out")

const defect = new OperationFailed({ error: "the server has a defect, which its log describes", category: "server" })

/** Carries an accepted request out. Who asked for it may be gone: nobody fails here. */
export const perform = (futures: Futures, id: string, operation: Operation): Effect.Effect<void> =>
  operation.pipe(
    Effect.onExit((exit) =>
      Effect.sync(() => {
        if (Exit.isSuccess(exit)) return futures.settle(id, exit, exit.value.numbers)
        const failed = Cause.findErrorOption(exit.cause)
        if (failed._tag === "Some") return futures.settle(id, Effect.fail(failed.value), 0)
        futures.settle(id, Effect.fail(Cause.hasInterruptsOnly(exit.cause) ? unloaded : defect), 0)
      })
    ),
    Effect.tapCause((cause) => Cause.hasDies(cause) ? Effect.logError("an operation failed", cause) : Effect.void),
    Effect.ignoreCause
  )

/** Settles what will never be carried out. */
export const abandon = (futures: Futures, ids: Iterable<string>): void => {
  for (const id of ids) futures.settle(id, Effect.fail(unloaded), 0)
}

/** The id of a request that is accepted from now on. */
export const accept = (futures: Futures, request: Accepting): Effect.Effect<string, Refused> => {
  const id = futures.accept(request)
  return id === undefined
    ? Effect.fail(new Refused({ status: 429, detail: "too many requests are waiting; ask again later" }))
    : Effect.succeed(id)
}

/** Accepts an operation that waits for no other, and begins with it. */
export const begin = Effect.fnUntraced(function*(
  futures: Futures,
  scope: Scope.Scope,
  bytes: number,
  operation: (id: string) => Operation
) {
  const id = yield* accept(futures, { bytes })
  yield* Effect.forkIn(perform(futures, id, operation(id)), scope)
  return id
}, Effect.uninterruptible)
