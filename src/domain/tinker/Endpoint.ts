/**
 * The endpoints that training needs: where they are and which messages they exchange, for both sides.
 *
 * A `Call` is answered at once. An `Operation` is accepted at once (`Future.Accepted`); `retrieve_future` has its
 * result. Paths are relative to `/api/v1/`.
 */
import type { Schema } from "effect"
import * as Future from "./Future.ts"
import * as Model from "./Model.ts"
import * as Sampling from "./Sampling.ts"
import * as Service from "./Service.ts"
import * as Weights from "./Weights.ts"

export interface Call<Request, Response> {
  readonly _tag: "Call"
  readonly path: string
  readonly request: Schema.Codec<Request, unknown>
  readonly response: Schema.Codec<Response, unknown>
}

/** A pass over data, forward or both ways, as protocol buffers have it: one message for the two. */
export interface BinaryPass {
  readonly modelId: string
  readonly sequenceId: number
  readonly pass: Model.Pass
  readonly forwardOnly: boolean
}

/** What there is to know of an operation once it is accepted. */
export interface Eventual<Result> {
  readonly path: string
  readonly result: Schema.Codec<Result, unknown>
  /** The message of the result in protocol buffers, where a server speaks them; absent for what is always JSON. */
  readonly binaryResult?: "ForwardBackwardOutput" | "SampleResponse"
}

export interface Operation<Request, Result> extends Eventual<Result> {
  readonly _tag: "Operation"
  readonly request: Schema.Codec<Request, unknown>
  /** The request in protocol buffers (spec: tinker, 1.4); absent for what is always JSON. */
  readonly binaryRequest?: (request: Request) => BinaryPass
}

/** Asked for with GET, under a path that may have parameters. */
export interface Resource<Response> {
  readonly _tag: "Resource"
  readonly path: string
  readonly response: Schema.Codec<Response, unknown>
}

const call = <Request, Response>(
  path: string,
  request: Schema.Codec<Request, unknown>,
  response: Schema.Codec<Response, unknown>
): Call<Request, Response> => ({ _tag: "Call", path, request, response })

const operation = <Request, Result>(
  path: string,
  request: Schema.Codec<Request, unknown>,
  result: Schema.Codec<Result, unknown>,
  binary: Pick<Operation<Request, Result>, "binaryRequest" | "binaryResult"> = {}
): Operation<Request, Result> => ({ _tag: "Operation", path, request, result, ...binary })

const resource = <Response>(path: string, response: Schema.Codec<Response, unknown>): Resource<Response> => ({
  _tag: "Resource",
  path,
  response
})

export const healthz = resource("healthz", Service.Health)
export const getServerCapabilities = resource("get_server_capabilities", Service.Capabilities)
export const clientConfig = call("client/config", Service.ClientConfigRequest, Service.ClientConfig)
export const authToken = call("auth/token", Service.AuthTokenRequest, Service.AuthToken)
export const telemetry = call("telemetry", Service.Telemetry, Service.TelemetryAccepted)
export const createSession = call("create_session", Service.CreateSession, Service.Session)
export const sessionHeartbeat = call("session_heartbeat", Service.Heartbeat, Service.HeartbeatReceived)

export const createModel = operation("create_model", Model.CreateModel, Model.ModelCreated)
export const getInfo = call("get_info", Model.GetInfo, Model.ModelInfo)
export const unloadModel = operation("unload_model", Model.UnloadModel, Model.ModelUnloaded)
export const forward = operation("forward", Model.Forward, Model.PassOutput, {
  binaryRequest: ({ forward_input, model_id, seq_id }) => ({
    modelId: model_id,
    sequenceId: seq_id,
    pass: forward_input,
    forwardOnly: true
  }),
  binaryResult: "ForwardBackwardOutput"
})
export const forwardBackward = operation("forward_backward", Model.ForwardBackward, Model.PassOutput, {
  binaryRequest: ({ forward_backward_input, model_id, seq_id }) => ({
    modelId: model_id,
    sequenceId: seq_id,
    pass: forward_backward_input,
    forwardOnly: false
  }),
  binaryResult: "ForwardBackwardOutput"
})
export const optimStep = operation("optim_step", Model.OptimStep, Model.StepTaken)

export const createSamplingSession = call(
  "create_sampling_session",
  Sampling.CreateSamplingSession,
  Sampling.SamplingSession
)
export const sampler = (id: string) => resource(`samplers/${encodeURIComponent(id)}`, Sampling.Sampler)
export const sample = operation("asample", Sampling.Sample, Sampling.Sampled, { binaryResult: "SampleResponse" })

export const saveWeights = operation("save_weights", Weights.SaveWeights, Weights.WeightsSaved)
export const saveWeightsForSampler = operation(
  "save_weights_for_sampler",
  Weights.SaveWeightsForSampler,
  Weights.SamplerWeightsSaved
)
export const loadWeights = operation("load_weights", Weights.LoadWeights, Weights.WeightsLoaded)
export const weightsInfo = call("weights_info", Weights.WeightsInfoRequest, Weights.WeightsInfo)

export const trainingRuns = ({ limit, offset }: { readonly limit: number; readonly offset: number }) =>
  resource(`training_runs?limit=${limit}&offset=${offset}`, Weights.TrainingRuns)
export const checkpoints = (trainingRun: string) =>
  resource(`training_runs/${encodeURIComponent(trainingRun)}/checkpoints`, Weights.Checkpoints)

/** Answered by one of the messages of `Future`, or by the result. */
export const retrieveFuture = { path: "retrieve_future", request: Future.RetrieveFuture } as const
