/** A record of a run that is kept in memory: for tests, and for programs that want no folder. */
import { Context, Effect, Layer, Ref } from "effect"
import { type RunEvent, RunStore } from "../domain/RunStore.ts"

/** Every event, oldest first. */
export class Recorded extends Context.Service<Recorded, Ref.Ref<ReadonlyArray<RunEvent>>>()(
  "envtune/layers/RunStoreMemory/Recorded"
) {}

export const layer: Layer.Layer<RunStore | Recorded> = Layer.effect(
  RunStore,
  Effect.gen(function*() {
    const recorded = yield* Recorded
    return RunStore.of({ append: (events) => Ref.update(recorded, (before) => [...before, ...events]) })
  })
).pipe(Layer.provideMerge(Layer.effect(Recorded, Ref.make<ReadonlyArray<RunEvent>>([]))))
