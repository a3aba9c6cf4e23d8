/**
 * A model in training on a Tinker server, loaded as long as its scope is open.
 *
 * Requests of a model are numbered and arrive in the order of their numbers: one writer at a time takes a number, sends
 * the request and waits until it is accepted, and nothing interrupts that. Outcomes are waited for outside: what the
 * operations return is an effect that waits. Whoever wants them to run one behind the other asks for all before
 * waiting for any (spec: tinker, 1.8).
 *
 * Gradients can be added up but not taken back. When one of a pass's requests fails, or the step does, the model is
 * poisoned: everything else is refused.
 */
import { Effect, type Scope, Semaphore } from "effect"
import type { Datum } from "../../domain/tinker/Datum.ts"
import * as Endpoint from "../../domain/tinker/Endpoint.ts"
import type { AdamParams, LoraConfig, PassOutput, StepTaken } from "../../domain/tinker/Model.ts"
import type { ServerProfile } from "../../domain/tinker/ServerProfile.ts"
import {
  AnswerMalformed,
  ModelPoisoned,
  type Pending,
  TinkerClient,
  TinkerError
} from "../../domain/tinker/TinkerClient.ts"
import * as Chunks from "./Chunks.ts"
import * as Sampler from "./Sampler.ts"
import type { Session } from "./Session.ts"

export interface Options {
  readonly baseModel: string
  /** Absent for full fine-tuning, where the server has it so. */
  readonly lora?: LoraConfig
  readonly profile: ServerProfile
  /** Saved weights to begin with, the optimiser's state included. */
  readonly from?: string
}

export type Outcome<A> = Effect.Effect<A, TinkerError>

export interface Model {
  readonly id: string
  /** Optimiser steps that were accepted. */
  readonly steps: Effect.Effect<number>
  /** Outputs of the data in their order; several requests where there are many. */
  readonly forward: (data: ReadonlyArray<Datum>, loss: string) => Effect.Effect<PassOutput, TinkerError>
  readonly forwardBackward: (
    data: ReadonlyArray<Datum>,
    loss: string,
    config?: Readonly<Record<string, number>>
  ) => Effect.Effect<Outcome<PassOutput>, TinkerError>
  readonly optimStep: (adam: AdamParams) => Effect.Effect<Outcome<StepTaken>, TinkerError>
  /** Weights and optimiser's state under a name; gives the path to load them from. Never overwrites. */
  readonly save: (name: string) => Effect.Effect<string, TinkerError>
  /** The weights as they are after what has been accepted, to sample from. */
  readonly publish: Effect.Effect<Outcome<Sampler.Sampler>, TinkerError>
}

/** A server that does not unload is left alone. */
const unloading = "10 seconds"

const check = (
  operation: string,
  data: ReadonlyArray<Datum>,
  output: PassOutput
): Effect.Effect<PassOutput, TinkerError> => {
  const { length } = output.loss_fn_outputs
  return length === data.length
    ? Effect.succeed(output)
    : Effect.fail(
      new TinkerError({
        method: operation,
        reason: new AnswerMalformed({ detail: `${length} outputs for ${data.length} data` })
      })
    )
}

export const make = Effect.fn("Model.make")(function*(
  session: Session,
  { baseModel, from, lora, profile }: Options
): Effect.fn.Return<Model, TinkerError, Scope.Scope | TinkerClient> {
  const client = yield* TinkerClient
  const context = yield* Effect.context<TinkerClient>()
  const retrieve = <A>(pending: Pending<A>): Outcome<A> => session.outlive(client.retrieve(pending))
  const created = yield* client.submit(Endpoint.createModel, {
    session_id: session.id,
    model_seq_id: yield* session.nextModel,
    base_model: baseModel,
    ...(lora !== undefined && { lora_config: lora })
  })
  const { model_id: id } = yield* Effect.acquireRelease(
    retrieve(created),
    ({ model_id }) =>
      client.submit(Endpoint.unloadModel, { model_id }).pipe(
        Effect.flatMap(client.retrieve),
        Effect.timeout(unloading),
        Effect.ignore
      ),
    { interruptible: true }
  )

  const writer = yield* Semaphore.make(1)
  let sequence = 1
  let steps = 0
  let poison: TinkerError | undefined

  const usable: Effect.Effect<void, TinkerError> = Effect.andThen(
    session.check,
    Effect.suspend(() => poison === undefined ? Effect.void : Effect.fail(poison))
  )

  const poisoned = (error: TinkerError) =>
    Effect.sync(() => {
      poison ??= new TinkerError({
        method: error.method,
        reason: new ModelPoisoned({ modelId: id, detail: error.message })
      })
    })

  /** Takes numbers and has requests accepted, with nobody between them. */
  const write = <A>(submit: (next: () => number) => Effect.Effect<A, TinkerError>): Effect.Effect<A, TinkerError> =>
    writer.withPermit(Effect.andThen(usable, Effect.uninterruptible(Effect.suspend(() => submit(() => sequence++)))))

  /** One request after the other, all accepted before the outcome of any is waited for. */
  const pass = Effect.fnUntraced(function*(
    data: ReadonlyArray<Datum>,
    submit: (chunk: ReadonlyArray<Datum>, number: number) => Effect.Effect<Pending<PassOutput>, TinkerError>,
    spoil: (error: TinkerError) => Effect.Effect<void> = () => Effect.void
  ) {
    let accepted = 0
    const chunks = Chunks.cut(data, {
      data: client.config.fwdbwd_max_chunk_len,
      bytes: client.config.fwdbwd_max_chunk_bytes_count
    })
    const pending = yield* write((next) =>
      Effect.forEach(chunks, (chunk) => Effect.tap(submit(chunk, next()), () => Effect.sync(() => accepted++)))
    ).pipe(
      // A request without an answer may have been accepted.
      Effect.tapError((error) => accepted > 0 || error.reason._tag === "ServerUnreachable" ? spoil(error) : Effect.void)
    )
    return Effect.map(
      Effect.forEach(
        pending,
        (one, i) => Effect.flatMap(retrieve(one), (output) => check(one.operation.path, chunks[i]!, output)),
        {
          concurrency: "unbounded"
        }
      ),
      Chunks.join
    ).pipe(Effect.tapError(spoil))
  })

  const load = Effect.fnUntraced(function*(path: string) {
    const pending = yield* write((next) =>
      client.submit(Endpoint.loadWeights, { model_id: id, seq_id: next(), path, optimizer: true })
    )
    yield* retrieve(pending)
  })
  if (from !== undefined) yield* load(from)

  return {
    id,
    steps: Effect.sync(() => steps),
    forward: (data, loss_fn) =>
      Effect.flatten(
        pass(data, (chunk, seq_id) =>
          client.submit(Endpoint.forward, { model_id: id, seq_id, forward_input: { data: chunk, loss_fn } }))
      ),
    forwardBackward: (data, loss_fn, loss_fn_config) =>
      pass(data, (chunk, seq_id) =>
        client.submit(Endpoint.forwardBackward, {
          model_id: id,
          seq_id,
          forward_backward_input: { data: chunk, loss_fn, ...(loss_fn_config !== undefined && { loss_fn_config }) }
        }), poisoned),
    optimStep: Effect.fnUntraced(function*(adam_params) {
      const pending = yield* write((next) =>
        Effect.tap(
          client.submit(Endpoint.optimStep, { model_id: id, seq_id: next(), adam_params }),
          () => Effect.sync(() => steps++)
        )
      )
      return Effect.tapError(retrieve(pending), poisoned)
    }, Effect.tapError(poisoned)),
    save: Effect.fn("Model.save")(function*(name) {
      const accepted = yield* write((next) =>
        client.submit(Endpoint.saveWeights, { model_id: id, path: name, seq_id: next(), overwrite: false })
      ).pipe(
        // An answer was lost on the way, and the name is taken by the very request it was to.
        Effect.catchIf(
          ({ reason }) => reason._tag === "Conflict" && reason.resent,
          () => Effect.succeed(undefined)
        )
      )
      return accepted === undefined ? `tinker://${id}/weights/${name}` : (yield* retrieve(accepted)).path
    }),
    publish: Effect.gen(function*() {
      const number = yield* session.nextSampler
      const [pending, trained] = yield* write((next) =>
        Effect.map(
          client.submit(Endpoint.saveWeightsForSampler, {
            model_id: id,
            sampling_session_seq_id: number,
            seq_id: next()
          }),
          (accepted) => [accepted, steps] as const
        )
      )
      const current = Effect.suspend(() =>
        profile.samplerIsolation || trained === steps
          ? Effect.void
          : Effect.fail(Sampler.stale(profile.name, trained, steps))
      )
      return Effect.flatMap(retrieve(pending), ({ sampling_session_id }) =>
        sampling_session_id === undefined
          ? Effect.fail(
            new TinkerError({
              method: Endpoint.saveWeightsForSampler.path,
              reason: new AnswerMalformed({ detail: "no sampling session for weights without a path" })
            })
          )
          : Sampler.of(session, sampling_session_id, current)).pipe(Effect.provideContext(context))
    })
  }
})
