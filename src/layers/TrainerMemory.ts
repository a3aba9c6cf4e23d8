/** A trainer without weights that keeps the batches it was given: for tests of everything around training. */
import { Context, Effect, Layer, Ref } from "effect"
import { fromEpisode } from "../domain/Segment.ts"
import { type Batch, learningRateAt, Trainer } from "../domain/Trainer.ts"

/** Every batch, oldest first. */
export class Recorded extends Context.Service<Recorded, Ref.Ref<ReadonlyArray<Batch>>>()(
  "envtune/layers/TrainerMemory/Recorded"
) {}

/** Reports how many sequences and sampled tokens a batch has, and zero for what only weights could give. */
export const layer: Layer.Layer<Trainer | Recorded> = Layer.effect(
  Trainer,
  Effect.gen(function*() {
    const recorded = yield* Recorded
    return Trainer.of({
      step: Effect.fnUntraced(function*(batch: Batch) {
        yield* Ref.update(recorded, (batches) => [...batches, batch])
        const segments = batch.groups.flatMap(({ members }) => members.flatMap(({ episode }) => fromEpisode(episode)))
        return {
          loss: 0,
          policyLoss: 0,
          kl: 0,
          entropy: 0,
          clipFraction: 0,
          gradientNorm: 0,
          learningRate: learningRateAt(batch.optimization, batch),
          sequences: segments.length,
          tokens: segments.reduce((sum, { mask }) => sum + mask.reduce((all, value) => all + value, 0), 0)
        }
      })
    })
  })
).pipe(Layer.provideMerge(Layer.effect(Recorded, Ref.make<ReadonlyArray<Batch>>([]))))
