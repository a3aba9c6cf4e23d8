/** An engine under a clock: how much it did in which time, and how much of the time it had nothing to do. */
import { Clock, Context, Effect, Layer } from "effect"
import { type Datum, Engine, type EngineError } from "../../src/domain/Engine.ts"

/** Time during which something of a kind was asked for and not answered. */
class Span {
  private asked = 0
  private since = 0
  private total = 0

  begin(now: number): void {
    if (this.asked === 0) this.since = now
    this.asked += 1
  }

  end(now: number): void {
    this.asked -= 1
    if (this.asked === 0) this.total += now - this.since
  }

  get seconds(): number {
    return this.total / 1000
  }
}

export interface Figures {
  readonly seconds: number
  readonly sampledTokens: number
  readonly sampling: number
  readonly trainedTokens: number
  readonly training: number
  /** Seconds during which nothing was asked for: the server waited for its client. */
  readonly idle: number
}

export class Meter extends Context.Service<Meter, { readonly read: Effect.Effect<Figures> }>()(
  "envtune/scripts/live/Meter"
) {}

const tokensOf = (data: ReadonlyArray<Datum>): number => data.reduce((sum, { tokens }) => sum + tokens.length, 0)

/** The engine underneath, and what there is to read of it from now on. */
export const layer: Layer.Layer<Engine | Meter, never, Engine> = Layer.effectContext(
  Effect.gen(function*() {
    const engine = yield* Engine
    const from = yield* Clock.currentTimeMillis
    const busy = new Span()
    const sampling = new Span()
    const training = new Span()
    let sampledTokens = 0
    let trainedTokens = 0

    const timed = (kind: Span) => <A>(effect: Effect.Effect<A, EngineError>): Effect.Effect<A, EngineError> =>
      Effect.acquireUseRelease(
        Effect.map(Clock.currentTimeMillis, (now) => {
          busy.begin(now)
          kind.begin(now)
        }),
        () => effect,
        () =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            busy.end(now)
            kind.end(now)
          })
      )

    const measured = Engine.of({
      ...engine,
      sample: (request) =>
        Effect.tap(timed(sampling)(engine.sample(request)), ({ tokens }) =>
          Effect.sync(() => {
            sampledTokens += tokens.length
          })),
      forward: (data, weights) => timed(training)(engine.forward(data, weights)),
      forwardBackward: (data) =>
        Effect.tap(timed(training)(engine.forwardBackward(data)), () =>
          Effect.sync(() => {
            trainedTokens += tokensOf(data)
          })),
      optimStep: (adam) => timed(training)(engine.optimStep(adam))
    })
    const read = Effect.map(Clock.currentTimeMillis, (now): Figures => {
      const seconds = (now - from) / 1000
      return {
        seconds,
        sampledTokens,
        sampling: sampling.seconds,
        trainedTokens,
        training: training.seconds,
        idle: seconds - busy.seconds
      }
    })
    return Context.make(Engine, measured).pipe(Context.add(Meter, Meter.of({ read })))
  })
)
