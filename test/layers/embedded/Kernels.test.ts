import { assert, describe, it } from "@effect/vitest"
import * as Seed from "../../../src/domain/Seed.ts"
import { kernelsOver } from "./Machine.ts"

/** Kernels, and a way to place numbers in their memory. */
const setup = (simd: "plain" | "relaxed" = "plain") => {
  const made = kernelsOver(4, simd)
  let end = 65_536
  const space = (count: number): number => {
    const address = end
    end += Math.ceil(count / 16) * 64
    return address
  }
  const place = (numbers: ArrayLike<number>): number => {
    const address = space(numbers.length)
    made.floats.set(Array.from(numbers), address / 4)
    return address
  }
  const read = (address: number, count: number): Float32Array => made.floats.slice(address / 4, address / 4 + count)
  return { ...made, space, place, read }
}

const random = (count: number, seed: number): Float32Array => {
  const draws = new Seed.Draws(seed)
  return Float32Array.from({ length: count }, () => draws.uniform() * 2 - 1)
}

/** In double precision. */
const product = (a: Float32Array, b: Float32Array, M: number, N: number, K: number): Float64Array =>
  Float64Array.from({ length: M * N }, (_, at) => {
    let sum = 0
    for (let k = 0; k < K; k++) sum += a[Math.floor(at / N) * K + k]! * b[k * N + at % N]!
    return sum
  })

describe("the kernels", () => {
  for (const simd of ["plain", "relaxed"] as const) {
    for (const [M, N, K] of [[1, 8, 8], [7, 40, 12], [133, 24, 33]] as const) {
      it(`multiply matrices of ${M} x ${K} and ${K} x ${N} (${simd})`, () => {
        const { kernels, place, read, space } = setup(simd)
        const [a, b] = [random(M * K, 1), random(K * N, 2)]
        const [A, B, panels, C] = [place(a), place(b), space(K * N), space(M * N)]
        kernels.pack(B, N * 4, 4, K, N, panels)
        kernels.gemm(A, K * 4, 4, panels, K * 32, C, N * 4, M, N, K, false)
        kernels.gemm(A, K * 4, 4, panels, K * 32, C, N * 4, M, N, K, true)
        const expected = product(a, b, M, N, K)
        read(C, M * N).forEach((value, at) => assert.approximately(value, 2 * expected[at]!, 1e-5))
      })
    }
  }

  it("pack a matrix and its transpose alike, with columns filled up to eight", () => {
    for (const [K, N] of [[8, 16], [5, 16], [12, 11]] as const) {
      const { kernels, place, read, space } = setup()
      const b = random(K * N, 3)
      const transposed = Float32Array.from(b, (_, at) => b[(at % K) * N + Math.floor(at / K)]!)
      const width = Math.ceil(N / 8) * 8
      const [panels, others] = [space(K * width), space(K * width)]
      kernels.pack(place(b), N * 4, 4, K, N, panels)
      kernels.pack(place(transposed), 4, K * 4, K, N, others)
      assert.deepStrictEqual(read(panels, K * width), read(others, K * width))
      assert.strictEqual(read(panels, K * width).filter((value) => value !== 0).length, K * N)
    }
  })

  it("compute a row of a product to the same bits alone and among others", () => {
    const [M, N, K] = [11, 72, 96]
    const { kernels, place, read, space } = setup()
    const a = random(M * K, 4)
    const [A, B, panels, together, alone] = [place(a), place(random(K * N, 5)), space(K * N), space(M * N), space(N)]
    kernels.pack(B, N * 4, 4, K, N, panels)
    kernels.gemm(A, K * 4, 4, panels, K * 32, together, N * 4, M, N, K, false)
    for (let row = 0; row < M; row++) {
      kernels.gemm(A + row * K * 4, K * 4, 4, panels, K * 32, alone, N * 4, 1, N, K, false)
      assert.deepStrictEqual(read(alone, N), read(together + row * N * 4, N))
    }
  })

  it("know exp and log: log-probs and entropies agree with double precision", () => {
    const [rows, vocabulary, padded] = [9, 29, 32]
    const { ints, kernels, place, read, space } = setup()
    const logits = random(rows * padded, 6).map((value, at) => value * 10 ** (at % 3))
    const targets = space(rows)
    for (let row = 0; row < rows; row++) ints[targets / 4 + row] = row * 3
    const [logprobs, entropies, normalisers] = [space(rows), space(rows), space(rows)]
    kernels.scoreTargets(place(logits), vocabulary, padded, targets, rows, logprobs, entropies, normalisers)
    for (let row = 0; row < rows; row++) {
      const own = Array.from(logits.subarray(row * padded, row * padded + vocabulary))
      const highest = Math.max(...own)
      const normaliser = highest + Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - highest), 0))
      const entropy = own.reduce((sum, logit) => sum - Math.exp(logit - normaliser) * (logit - normaliser), 0)
      assert.approximately(read(logprobs, rows)[row]!, own[row * 3]! - normaliser, 2e-5)
      assert.approximately(read(entropies, rows)[row]!, entropy, 1e-5)
    }
  })

  it("draw the token at which the cumulative distribution passes the uniform number", () => {
    const probabilities = [0.125, 0, 0.25, 0.5, 0.125]
    const { ints, kernels, place, read, space } = setup()
    const uniforms = [0, 0.12, 0.13, 0.37, 0.38, 0.87, 0.88, 1 - 2 ** -24]
    const row = [...probabilities.map((p) => Math.max(Math.log(p), -1e30)), 7, 7, 7]
    const [tokens, logprobs] = [space(8), space(8)]
    kernels.drawTokens(
      place(uniforms.flatMap(() => row)),
      5,
      8,
      8,
      place(new Float32Array(8).fill(1)),
      place(uniforms),
      tokens,
      logprobs
    )
    const drawn = Array.from(ints.subarray(tokens / 4, tokens / 4 + 8))
    assert.deepStrictEqual(drawn, [0, 0, 2, 2, 3, 3, 4, 4])
    read(logprobs, 8).forEach((logprob, at) => {
      assert.approximately(logprob, Math.log(probabilities[drawn[at]!]!), 1e-6)
    })
  })

  it("fill the table of rotary angles", () => {
    const { kernels, read, space } = setup()
    const [positions, headDim] = [50, 16]
    const table = space(positions * headDim)
    kernels.rotaryTable(table, positions, headDim, 10_000)
    read(table, positions * headDim).forEach((value, at) => {
      const dimension = at % headDim
      const angle = Math.floor(at / headDim) * 10_000 ** (-(dimension % 8) / 8)
      assert.approximately(value, dimension < 8 ? Math.cos(angle) : Math.sin(angle), 1e-7)
    })
  })
})
