/**
 * Weights and optimiser state in a folder. `model.safetensors` has the names and shapes of
 * Hugging Face's Llama, and a header that says which model and vocabulary it is for;
 * `optimizer.safetensors` has AdamW's moments under the same names.
 */
import { Effect, FileSystem, Path, Result, Schema } from "effect"
import { EngineError, WeightsUnusable } from "../../domain/Engine.ts"
import * as Safetensors from "../../domain/Safetensors.ts"
import { type Layout, layout, ModelConfig } from "../../domain/Transformer.ts"
import { inWords } from "../FileProblem.ts"
import * as Folder from "../Folder.ts"

/** AdamW's moments, in the layout of the parameters. */
export interface OptimiserState {
  readonly first: Float32Array
  readonly second: Float32Array
  /** Steps taken so far. */
  readonly step: number
}

/** Where an engine stands. */
export interface State {
  readonly parameters: Float32Array
  readonly optimiser: OptimiserState
}

/** What weights are for. */
export interface Purpose {
  readonly config: ModelConfig
  /** Identifies the vocabulary, the engine's caller knows how. */
  readonly vocabulary: string
}

export const freshOptimiser = (size: number): OptimiserState => ({
  first: new Float32Array(size),
  second: new Float32Array(size),
  step: 0
})

const ConfigJson = Schema.fromJsonString(ModelConfig)
const encodeConfig = Schema.encodeSync(ConfigJson)
const decodeConfig = Schema.decodeUnknownResult(ConfigJson)

const count = (shape: ReadonlyArray<number>): number => shape.reduce((all, n) => all * n, 1)

const tensorsOf = (places: Layout, values: Float32Array, prefix: string): ReadonlyArray<Safetensors.NamedTensor> =>
  places.tensors.map(({ name, offset, shape }) => ({
    name: prefix + name,
    shape,
    data: values.subarray(offset, offset + count(shape))
  }))

/** The parameters of a layout from tensors; every one must be there in its shape. */
const valuesFrom = (
  places: Layout,
  { tensors }: Safetensors.Contents,
  prefix: string
): Result.Result<Float32Array, string> => {
  const values = new Float32Array(places.size)
  for (const { name, offset, shape } of places.tensors) {
    const tensor = tensors.get(prefix + name)
    if (tensor === undefined) return Result.fail(`${prefix}${name} is missing`)
    if (tensor.shape.join() !== shape.join()) {
      return Result.fail(`${prefix}${name} has shape [${tensor.shape.join(", ")}], not [${shape.join(", ")}]`)
    }
    values.set(tensor.data, offset)
  }
  return Result.succeed(values)
}

const encodeWeights = ({ config, vocabulary }: Purpose, parameters: Float32Array): Uint8Array =>
  Safetensors.encode(tensorsOf(layout(config), parameters, ""), {
    format: "pt",
    config: encodeConfig(config),
    vocabulary
  })

const decodeWeights = (bytes: Uint8Array, { config, vocabulary }: Purpose): Result.Result<Float32Array, string> =>
  Result.gen(function*() {
    const contents = yield* Safetensors.decode(bytes)
    const made = contents.metadata["vocabulary"]
    if (made !== undefined && made !== vocabulary) {
      return yield* Result.fail(`they are for the vocabulary "${made}", not "${vocabulary}"`)
    }
    return yield* valuesFrom(layout(config), contents, "")
  })

const decodePurpose = (bytes: Uint8Array): Result.Result<Purpose, string> =>
  Result.gen(function*() {
    const { metadata } = yield* Safetensors.decode(bytes)
    const config = yield* Result.mapError(
      decodeConfig(metadata["config"]),
      () => "the header does not say which model they are for"
    )
    return { config, vocabulary: metadata["vocabulary"] ?? "" }
  })

const encodeOptimiser = (config: ModelConfig, { first, second, step }: OptimiserState): Uint8Array => {
  const places = layout(config)
  return Safetensors.encode(
    [...tensorsOf(places, first, "first."), ...tensorsOf(places, second, "second.")],
    { step: String(step) }
  )
}

const decodeOptimiser = (bytes: Uint8Array, config: ModelConfig): Result.Result<OptimiserState, string> =>
  Result.gen(function*() {
    const contents = yield* Safetensors.decode(bytes)
    const step = Number(contents.metadata["step"])
    if (!Number.isSafeInteger(step) || step < 0) {
      return yield* Result.fail("the header does not say how many steps were taken")
    }
    const places = layout(config)
    const first = yield* valuesFrom(places, contents, "first.")
    const second = yield* valuesFrom(places, contents, "second.")
    return { first, second, step }
  })

const unusable = (path: string, detail: string): EngineError =>
  new EngineError({ reason: new WeightsUnusable({ path, detail }) })

/** What `decode` makes of a file. */
const readFile = Effect.fnUntraced(function*<A>(path: string, decode: (bytes: Uint8Array) => Result.Result<A, string>) {
  const files = yield* FileSystem.FileSystem
  const bytes = yield* Effect.mapError(files.readFile(path), (error) => unusable(path, inWords(error)))
  return yield* Effect.mapError(Effect.fromResult(decode(bytes)), (detail) => unusable(path, detail))
})

const filesIn = Effect.fnUntraced(function*(folder: string) {
  const path = yield* Path.Path
  return {
    weights: path.join(folder, "model.safetensors"),
    optimiser: path.join(folder, "optimizer.safetensors")
  }
})

/** What the weights in a folder are for. */
export const readPurpose = Effect.fnUntraced(function*(folder: string) {
  const { weights } = yield* filesIn(folder)
  return yield* readFile(weights, decodePurpose)
})

/** The state saved in a folder; without an optimiser's file, that of a fresh one. */
export const read = Effect.fnUntraced(function*(folder: string, purpose: Purpose) {
  const files = yield* FileSystem.FileSystem
  const { optimiser, weights } = yield* filesIn(folder)
  const parameters = yield* readFile(weights, (bytes) => decodeWeights(bytes, purpose))
  const exists = yield* Effect.mapError(files.exists(optimiser), (error) => unusable(optimiser, inWords(error)))
  const state: State = {
    parameters,
    optimiser: exists
      ? yield* readFile(optimiser, (bytes) => decodeOptimiser(bytes, purpose.config))
      : freshOptimiser(parameters.length)
  }
  return state
})

/** Removes the optimiser's state from a folder: weights to begin with, or to sample from, have none. */
export const dropOptimiser = Effect.fnUntraced(
  function*(folder: string) {
    const files = yield* FileSystem.FileSystem
    yield* files.remove((yield* filesIn(folder)).optimiser, { force: true })
  },
  (removing, folder) => Effect.mapError(removing, (error) => unusable(folder, inWords(error)))
)

/** Copies the weights of a folder, without the optimiser's state, into one that holds none. */
export const copyWeights = Effect.fnUntraced(
  function*(from: string, to: string) {
    const files = yield* FileSystem.FileSystem
    yield* files.copyFile((yield* filesIn(from)).weights, (yield* filesIn(to)).weights)
  },
  (copying, from) => Effect.mapError(copying, (error) => unusable(from, inWords(error)))
)

/** Writes a new file that is on the disk when this returns. */
const writeFile = Effect.fnUntraced(function*(path: string, bytes: Uint8Array) {
  const files = yield* FileSystem.FileSystem
  const file = yield* files.open(path, { flag: "wx" })
  yield* file.writeAll(bytes)
  yield* file.sync
}, Effect.scoped)

/** Writes a state into a folder that holds none. */
export const write = Effect.fnUntraced(
  function*(folder: string, purpose: Purpose, { optimiser, parameters }: State) {
    const paths = yield* filesIn(folder)
    yield* Folder.create(folder)
    yield* writeFile(paths.weights, encodeWeights(purpose, parameters))
    yield* writeFile(paths.optimiser, encodeOptimiser(purpose.config, optimiser))
  },
  (writing, folder) => Effect.mapError(writing, (error) => unusable(folder, inWords(error)))
)
