/** What steps measure as Effect's gauges, for whatever exports them. */
import { Effect, Layer, Metric } from "effect"
import { RunStore } from "../domain/RunStore.ts"
import * as Scalars from "../domain/Scalars.ts"

/** A store that also sets the gauges `envtune/<scalar>` to what the last step measured, and `envtune/step`. */
export const layerMetered: Layer.Layer<RunStore, never, RunStore> = Layer.effect(
  RunStore,
  Effect.map(RunStore, ({ append }) =>
    RunStore.of({
      append: (events) =>
        Effect.tap(append(events), () =>
          Effect.forEach(
            events.flatMap((event) =>
              event._tag === "StepDone"
                ? [...Scalars.ofReport(event.report), { name: "step", value: event.report.step }]
                : []
            ),
            ({ name, value }) => Metric.update(Metric.gauge(`envtune/${name}`), value),
            { discard: true }
          ))
    }))
)
