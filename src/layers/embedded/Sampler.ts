/**
 * One worker's share of sampling: continuous batching. Every step computes one position of
 * each sequence under way; sequences join between steps, after the part of their prompt that
 * is not cached has been computed, and leave as soon as they are done.
 *
 * Kernels treat rows independently and the random number of a position is a function of the
 * request's seed and the position, so what a request gets depends on nothing but itself.
 */
import * as Seed from "../../domain/Seed.ts"
import { type Kernels, multiply, pagePositions } from "./Kernels.ts"
import type { MemoryMap, SamplingSpace } from "./MemoryMap.ts"
import type { NumberedRequest, NumberedSample } from "./Messages.ts"
import { PageTree, type Path } from "./PageTree.ts"

/** A sequence under way. */
interface Running {
  readonly request: NumberedRequest
  readonly path: Path
  /** The address of the list of its pages. */
  readonly pageList: number
  /** Pages it may come to use. */
  readonly reserved: number
  readonly tokens: Int32Array
  readonly logprobs: Float32Array
  sampled: number
  /** The newest token, whose position is computed next. */
  newest: number
  position: number
}

export class Sampler {
  private readonly kernels: Kernels
  private readonly map: MemoryMap
  private readonly space: SamplingSpace
  private readonly ints: Int32Array<SharedArrayBuffer>
  private readonly floats: Float32Array<SharedArrayBuffer>
  private readonly tree: PageTree
  private readonly freePageLists: Array<number>
  private waiting: Array<NumberedRequest> = []
  private running: Array<Running> = []
  private reserved = 0

  constructor(kernels: Kernels, memory: WebAssembly.Memory, map: MemoryMap, space: SamplingSpace) {
    this.kernels = kernels
    this.map = map
    this.space = space
    this.ints = new Int32Array(memory.buffer)
    this.floats = new Float32Array(memory.buffer)
    this.tree = new PageTree({
      addresses: Array.from({ length: space.pageCount }, (_, page) => space.pages + page * space.pageBytes),
      positions: pagePositions,
      copy: (target, source) => kernels.copy(target, source, space.pageBytes)
    })
    this.freePageLists = Array.from(
      { length: space.rows },
      (_, row) => space.pageLists + row * space.pageListEntries * 4
    )
  }

  /** Whether any request is not answered yet. */
  get busy(): boolean {
    return this.running.length > 0 || this.waiting.length > 0
  }

  add(requests: ReadonlyArray<NumberedRequest>): void {
    this.waiting.push(...requests)
  }

  /** Gives a request up, if it is not answered yet. */
  cancel(id: number): void {
    this.waiting = this.waiting.filter((request) => request.id !== id)
    const cancelled = this.running.find(({ request }) => request.id === id)
    if (cancelled === undefined) return
    this.running = this.running.filter((sequence) => sequence !== cancelled)
    this.release(cancelled)
  }

  /** Forgets keys and values: the weights are others now. */
  forget(): void {
    this.tree.clear()
  }

  /** One step of decoding; returns what is done with it. */
  step(): ReadonlyArray<NumberedSample> {
    this.admit()
    const { running, space } = this
    running.forEach((sequence, row) => {
      this.tree.append(sequence.path, sequence.newest)
      this.placeRow(row, sequence, sequence.newest, sequence.position)
      this.floats[space.uniforms / 4 + row] = Seed.uniform(sequence.request.seed, sequence.position)
      const { temperature } = sequence.request
      this.floats[space.inverseTemperatures / 4 + row] = temperature === 0 ? 0 : 1 / temperature
    })
    this.computeLayers(running.length, true)
    this.draw(running.length)
    return this.advance()
  }

  /** Lets waiting requests in while there is room for all they may need. */
  private admit(): void {
    while (this.waiting.length > 0 && this.running.length < this.space.rows) {
      const request = this.waiting[0]!
      const reserved = Math.ceil((request.prompt.length + this.limit(request)) / pagePositions) + 1
      if (this.running.length > 0 && this.reserved + reserved > this.space.pageCount) return
      this.waiting.shift()
      this.running.push(this.begin(request, reserved))
    }
  }

  /** At most this many tokens can be sampled. */
  private limit(request: NumberedRequest): number {
    return Math.min(request.maxTokens, this.map.dimensions.contextLength - request.prompt.length)
  }

  /** Computes the prompt but for its last token, whose turn is the next step. */
  private begin(request: NumberedRequest, reserved: number): Running {
    const last = request.prompt.length - 1
    const { length: known, path } = this.tree.open(request.prompt.subarray(0, last))
    this.reserved += reserved
    const limit = this.limit(request)
    const sequence: Running = {
      request,
      path,
      pageList: this.freePageLists.pop()!,
      reserved,
      tokens: new Int32Array(limit),
      logprobs: new Float32Array(limit),
      sampled: 0,
      newest: request.prompt[last]!,
      position: last
    }
    this.ints.set(this.tree.addresses(path), sequence.pageList / 4)
    for (let begin = known; begin < last; begin += this.space.rows) {
      const rows = Math.min(this.space.rows, last - begin)
      for (let row = 0; row < rows; row++) {
        const token = request.prompt[begin + row]!
        this.tree.append(path, token)
        this.placeRow(row, sequence, token, begin + row)
      }
      this.computeLayers(rows, false)
    }
    return sequence
  }

  /** Notes what a row computes; the path has been extended by its position already. */
  private placeRow(row: number, { pageList, path }: Running, token: number, position: number): void {
    const { ints, space } = this
    ints[space.tokens / 4 + row] = token
    ints[space.positions / 4 + row] = position
    ints[space.tables / 4 + row] = pageList
    ints[pageList / 4 + Math.floor(position / pagePositions)] = path.tail!.address
  }

  /** Keys and values of all rows in all layers and, unless nothing is drawn from them, the last layer's result. */
  private computeLayers(rows: number, complete: boolean): void {
    const { kernels, map, space } = this
    const { dModel } = map.dimensions
    kernels.gatherRows(map.parameters + map.layout.embedding * 4, space.tokens, space.stream, rows, dModel)
    map.layout.layers.forEach((_, n) => {
      this.cacheLayer(n, rows)
      if (complete || n + 1 < map.layout.layers.length) this.finishLayer(n, rows)
    })
  }

  private layerOffset(n: number): number {
    return n * (this.space.pageBytes / this.map.dimensions.layers)
  }

  /** Queries, keys and values of all rows; the latter two go to the cache. */
  private cacheLayer(n: number, rows: number): void {
    const { kernels, map, space } = this
    const { dModel, headDim, heads, kvHeads, normEpsilon, qkv } = map.dimensions
    const gain = map.parameters + map.layout.layers[n]!.attentionNorm * 4
    kernels.normalise(space.stream, gain, space.normed, space.inverse, rows, dModel, normEpsilon)
    multiply(kernels, space.normed, dModel, map.forward.layers[n]!.qkv, space.qkv, qkv, rows, false)
    kernels.rotate(space.qkv, qkv * 4, space.positions, map.rotary, rows, heads + kvHeads, headDim, 1)
    kernels.cacheRows(space.qkv, rows, space.tables, space.positions, this.layerOffset(n), heads, kvHeads, headDim)
  }

  private finishLayer(n: number, rows: number): void {
    const { kernels, map, space } = this
    const { attended, dFeedForward, dModel, headDim, heads, kvHeads, normEpsilon } = map.dimensions
    const panels = map.forward.layers[n]!
    kernels.attendRows(
      space.qkv,
      space.attended,
      rows,
      space.tables,
      space.positions,
      this.layerOffset(n),
      heads,
      kvHeads,
      headDim,
      space.scratch
    )
    multiply(kernels, space.attended, attended, panels.output, space.stream, dModel, rows, true)
    const gain = map.parameters + map.layout.layers[n]!.feedForwardNorm * 4
    kernels.normalise(space.stream, gain, space.normed, space.inverse, rows, dModel, normEpsilon)
    multiply(kernels, space.normed, dModel, panels.gateUp, space.gateUp, 2 * dFeedForward, rows, false)
    kernels.swiglu(space.gateUp, space.activated, rows, dFeedForward)
    multiply(kernels, space.activated, dFeedForward, panels.down, space.stream, dModel, rows, true)
  }

  /** Draws each row's next token into the row's place among the tokens. */
  private draw(rows: number): void {
    const { kernels, map, space } = this
    const { dModel, normEpsilon, padded, vocabulary } = map.dimensions
    const gain = map.parameters + map.layout.norm * 4
    kernels.normalise(space.stream, gain, space.normed, space.inverse, rows, dModel, normEpsilon)
    multiply(kernels, space.normed, dModel, map.forward.head, space.logits, padded, rows, false)
    kernels.drawTokens(
      space.logits,
      vocabulary,
      padded,
      rows,
      space.inverseTemperatures,
      space.uniforms,
      space.tokens,
      space.logprobs
    )
  }

  /** Takes the drawn tokens over; sequences that end are released and returned. */
  private advance(): ReadonlyArray<NumberedSample> {
    const done: Array<NumberedSample> = []
    const stillRunning: Array<Running> = []
    this.running.forEach((sequence, row) => {
      const token = this.ints[this.space.tokens / 4 + row]!
      sequence.tokens[sequence.sampled] = token
      sequence.logprobs[sequence.sampled] = this.floats[this.space.logprobs / 4 + row]!
      sequence.sampled++
      sequence.newest = token
      sequence.position++
      const stopped = sequence.request.stop.includes(token)
      if (stopped || sequence.sampled === sequence.tokens.length) {
        this.release(sequence)
        done.push({
          id: sequence.request.id,
          tokens: sequence.tokens.subarray(0, sequence.sampled),
          logprobs: sequence.logprobs.subarray(0, sequence.sampled),
          stop: stopped ? "stop" : "length"
        })
      } else stillRunning.push(sequence)
    })
    this.running = stillRunning
    return done
  }

  private release(sequence: Running): void {
    this.tree.close(sequence.path)
    this.freePageLists.push(sequence.pageList)
    this.reserved -= sequence.reserved
  }
}
