/** The engine's parts in this thread, for tests that look inside: no workers, no Effect. */
import { readFileSync } from "node:fs"
import type { Datum } from "../../../src/domain/Engine.ts"
import { initialise, type ModelConfig } from "../../../src/domain/Transformer.ts"
import { instantiate, type Kernels } from "../../../src/layers/embedded/Kernels.ts"
import * as MemoryMap from "../../../src/layers/embedded/MemoryMap.ts"
import { decodeScores, encodeData } from "../../../src/layers/embedded/Messages.ts"
import { Optimiser } from "../../../src/layers/embedded/Optimiser.ts"
import { Sampler } from "../../../src/layers/embedded/Sampler.ts"
import { deal } from "../../../src/layers/embedded/Schedule.ts"
import { Training } from "../../../src/layers/embedded/Training.ts"

const load = (file: string): WebAssembly.Module =>
  new WebAssembly.Module(readFileSync(new URL(`../../../assets/${file}`, import.meta.url)))

const modules = { plain: load("engine.wasm"), relaxed: load("engine-relaxed.wasm") }

export const kernelsModule = modules.plain

const wasmPage = 65_536

/** Kernels over a fresh memory of some mebibytes. */
export const kernelsOver = (mebibytes: number, simd: "plain" | "relaxed" = "plain") => {
  const pages = mebibytes * 16
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const kernels = instantiate(modules[simd], memory)
  return { kernels, memory, floats: new Float32Array(memory.buffer), ints: new Int32Array(memory.buffer) }
}

export class Machine {
  readonly config: ModelConfig
  readonly map: MemoryMap.MemoryMap
  readonly kernels: Kernels
  readonly training: Training
  readonly sampler: Sampler
  readonly optimiser: Optimiser
  readonly parameters: Float32Array
  private readonly memory: WebAssembly.Memory

  constructor(config: ModelConfig, seed: number, simd: "plain" | "relaxed" = "plain") {
    this.config = config
    this.map = MemoryMap.make(config, {
      workers: 1,
      cacheBytes: 1 << 20,
      kernels: kernelsOver(1).kernels
    })
    const { kernels, memory } = kernelsOver(Math.ceil(this.map.bytes / wasmPage / 16), simd)
    this.kernels = kernels
    this.memory = memory
    this.training = new Training(kernels, memory, this.map, this.map.workers[0]!.training)
    this.sampler = new Sampler(kernels, memory, this.map, this.map.workers[0]!.sampling)
    this.optimiser = new Optimiser(kernels, memory, this.map, 0)
    this.parameters = this.numbers(this.map.parameters)
    this.parameters.set(initialise(config, seed))
    this.optimiser.prepare()
    this.optimiser.pack("current")
  }

  numbers(address: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, this.map.layout.size)
  }

  /** The scores of data, in one lane. */
  score(data: ReadonlyArray<Datum>, lane?: number) {
    const microBatches = deal(data, 1, MemoryMap.microBatchRows)[0]!
    const batch = encodeData(data, microBatches)
    return decodeScores(batch.lengths, this.training.score(batch, "current", lane))
  }

  /** The loss `forwardBackward` follows, in double precision. */
  loss(data: ReadonlyArray<Datum>): number {
    let loss = 0
    this.score(data).forEach(({ entropies, logprobs }, i) => {
      const { entropyWeights, weights } = data[i]!
      for (let t = 0; t < weights.length; t++) {
        loss -= weights[t]! * logprobs[t]! + (entropyWeights?.[t] ?? 0) * entropies[t]!
      }
    })
    return loss
  }

  /** The gradient of the loss, in the layout of the parameters. */
  gradient(data: ReadonlyArray<Datum>): Float32Array {
    this.optimiser.discard()
    this.score(data, 0)
    return this.numbers(this.map.gradients[0]!).slice()
  }
}
