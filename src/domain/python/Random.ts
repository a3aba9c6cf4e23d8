/**
 * Python's `random.Random`: MT19937 with `init_by_array`, `randint` by rejection of `getrandbits`, `uniform` from 53 bits.
 *
 * The simulators' ids and temperatures are results that the checker compares, so the stream
 * has to be CPython's draw for draw.
 */
import { PythonError } from "./PythonError.ts"
import { bitLengthOfNumber, fraction } from "./Rounding.ts"
import { integerOfBytes, sha512 } from "./Sha512.ts"
import { Instance, type Value } from "./Value.ts"

const size = 624
const middle = 397

const initialise = (seed: number): Uint32Array => {
  const state = new Uint32Array(size)
  state[0] = seed
  for (let i = 1; i < size; i++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30)
    state[i] = Math.imul(1812433253, previous) + i
  }
  return state
}

const initialiseByArray = (key: ReadonlyArray<number>): Uint32Array => {
  const state = initialise(19650218)
  let i = 1
  let j = 0
  const wrap = () => {
    i++
    if (i >= size) {
      state[0] = state[size - 1]!
      i = 1
    }
  }
  for (let k = Math.max(size, key.length); k > 0; k--) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30)
    state[i] = (state[i]! ^ Math.imul(previous, 1664525)) + key[j]! + j
    wrap()
    j = (j + 1) % key.length
  }
  for (let k = size - 1; k > 0; k--) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30)
    state[i] = (state[i]! ^ Math.imul(previous, 1566083941)) - i
    wrap()
  }
  state[0] = 0x80000000
  return state
}

/** The 32-bit words of a non-negative integer, least significant first; one word for 0. */
const wordsOf = (seed: bigint): Array<number> => {
  const words: Array<number> = []
  let rest = seed
  do {
    words.push(Number(rest & 0xffffffffn))
    rest >>= 32n
  } while (rest > 0n)
  return words
}

/** CPython's `hash` of a finite float: its value modulo 2^61 - 1, as an unsigned 64-bit integer. */
const hashOfFloat = (value: number): bigint => {
  const prime = (1n << 61n) - 1n
  const [mantissa, exponent] = fraction(Math.abs(value))
  // 2^61 is 1 modulo the prime, so dividing by 2^e is multiplying by 2^(61 - e).
  const hash = (mantissa << (61n - (exponent % 61n))) % prime
  return BigInt.asUintN(64, value < 0 ? -hash : hash)
}

const seedNumber = (seed: Value): bigint => {
  if (typeof seed === "string") {
    const bytes = new TextEncoder().encode(seed)
    return integerOfBytes([...bytes, ...sha512(bytes)])
  }
  // Python draws from the operating system for None; a simulator stays reproducible instead.
  if (seed === null) return 0n
  if (typeof seed === "number" && !Number.isInteger(seed)) {
    if (Number.isNaN(seed)) return 0n
    return Number.isFinite(seed) ? hashOfFloat(seed) : BigInt.asUintN(64, seed > 0 ? 314159n : -314159n)
  }
  if (typeof seed === "bigint" || typeof seed === "boolean") {
    const integer = BigInt(seed)
    return integer < 0n ? -integer : integer
  }
  if (typeof seed === "number") return hashOfFloat(seed)
  throw new PythonError(
    "TypeError",
    "The only supported seed types are: None,\nint, float, str, bytes, and bytearray."
  )
}

/** The block of words after this one. */
const twisted = (block: Uint32Array): Uint32Array => {
  const next = block.slice()
  for (let i = 0; i < size; i++) {
    const word = (next[i]! & 0x80000000) | (next[(i + 1) % size]! & 0x7fffffff)
    next[i] = next[(i + middle) % size]! ^ (word >>> 1) ^ (word & 1 ? 0x9908b0df : 0)
  }
  return next
}

/** Seed -> its first block. Simulators share a few seeds, and hardly an episode draws more words than a block has. */
const firstBlocks = new Map<bigint, Uint32Array>()
const maximumBlocks = 256

const firstBlock = (seed: bigint): Uint32Array => {
  let block = firstBlocks.get(seed)
  if (block === undefined) {
    block = twisted(initialiseByArray(wordsOf(seed)))
    if (firstBlocks.size >= maximumBlocks) firstBlocks.clear()
    firstBlocks.set(seed, block)
  }
  return block
}

export class Random extends Instance {
  readonly typeName = "Random"
  private readonly seed: bigint
  /** The words being drawn, shared with other generators and never changed; absent until the first draw. */
  private block: Uint32Array | undefined
  private position = size

  private constructor(seed: bigint) {
    super()
    this.seed = seed
  }

  /** `random.Random(seed)` for int, bool, float and str; None is taken as 0. Throws Python's TypeError otherwise. */
  static seeded(seed: Value): Random {
    return new Random(seedNumber(seed))
  }

  /** Position in the MT state, 1..624: how many words of it have been drawn. */
  get index(): number {
    return this.position
  }

  /** A generator that goes on from here by itself. */
  override deepCopy(): Random {
    const copy = new Random(this.seed)
    copy.block = this.block
    copy.position = this.position
    return copy
  }

  /** The next 32-bit output, `getrandbits(32)`. */
  next32(): number {
    if (this.block === undefined || this.position >= size) {
      this.block = this.block === undefined ? firstBlock(this.seed) : twisted(this.block)
      this.position = 0
    }
    let word = this.block[this.position++]!
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c5680
    word ^= (word << 15) & 0xefc60000
    return (word ^ (word >>> 18)) >>> 0
  }

  /** `randint(from, to)`, both ends included, of integers below 2^53. */
  randint(from: number, to: number): number {
    const count = to - from + 1
    const bits = bitLengthOfNumber(count)
    for (;;) {
      const draw = this.bits(bits)
      if (draw < count) return from + draw
    }
  }

  /** `uniform(from, to)`. */
  uniform(from: number, to: number): number {
    const high = this.next32() >>> 5
    const low = this.next32() >>> 6
    return from + (to - from) * ((high * 67108864 + low) / 9007199254740992)
  }

  override repr(): string {
    return "<random.Random object>"
  }

  /** `getrandbits(count)`, 53 bits at most: the least significant word is drawn first. */
  private bits(count: number): number {
    if (count <= 32) return this.next32() >>> (32 - count)
    const low = this.next32()
    return (this.next32() >>> (64 - count)) * 2 ** 32 + low
  }
}
