/**
 * Engines to sample from, which hold saved weights. They are not the engines of models in
 * training, so a sampler keeps the weights it was made for whatever is trained meanwhile.
 * There are few of them: who wants other weights than those they hold waits until one is idle.
 */
import { Effect, Latch, Scope, Semaphore } from "effect"
import { type OperationFailed } from "./Futures.ts"
import * as Jobs from "./Jobs.ts"
import type { Working } from "./Models.ts"

interface Holder {
  readonly engine: Working
  /** The folder of the weights it holds. */
  folder: string
  users: number
  lastUse: number
}

export const make = Effect.fnUntraced(function*(options: {
  /** A new engine with the weights in a folder. */
  readonly open: (folder: string) => Effect.Effect<Working, OperationFailed, Scope.Scope>
  /** Engines at a time. */
  readonly most: number
}) {
  const { most, open } = options
  const scope = yield* Effect.scope
  const entrance = yield* Semaphore.make(1)
  const idle = yield* Latch.make()
  const holders: Array<Holder> = []
  let uses = 0

  const leastRecentlyUsed = (): Holder | undefined =>
    holders.filter(({ users }) => users === 0).toSorted((a, b) => a.lastUse - b.lastUse)[0]

  const reload = Effect.fnUntraced(function*(folder: string) {
    let holder = leastRecentlyUsed()
    while (holder === undefined) {
      // In one turn of the event loop with the look before, so that no one's leaving goes unnoticed.
      idle.closeUnsafe()
      yield* idle.await
      holder = leastRecentlyUsed()
    }
    yield* Effect.mapError(holder.engine.load(folder), Jobs.ofEngine)
    holder.folder = folder
    return holder
  })

  const add = Effect.fnUntraced(function*(folder: string) {
    const holder: Holder = { engine: yield* Scope.provide(open(folder), scope), folder, users: 0, lastUse: 0 }
    holders.push(holder)
    return holder
  })

  /** One after the other, so that whoever waits has its turn. */
  const enter = (folder: string): Effect.Effect<Holder, OperationFailed> =>
    entrance.withPermit(Effect.gen(function*() {
      const holder = holders.find((each) => each.folder === folder)
        ?? (yield* holders.length < most ? add(folder) : reload(folder))
      holder.users += 1
      return holder
    }))

  const leave = (holder: Holder): Effect.Effect<void> =>
    Effect.suspend(() => {
      uses += 1
      holder.lastUse = uses
      holder.users -= 1
      return holder.users === 0 ? Effect.asVoid(Latch.open(idle)) : Effect.void
    })

  return {
    /** Uses an engine that holds the weights in a folder. */
    using: <A>(
      folder: string,
      use: (engine: Working) => Effect.Effect<A, OperationFailed>
    ): Effect.Effect<A, OperationFailed> => Effect.acquireUseRelease(enter(folder), ({ engine }) => use(engine), leave)
  }
})
