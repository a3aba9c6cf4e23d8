/** SHA-512 (FIPS 180-4): Python's `random` hashes a text seed with it, and the domain may not import a platform's crypto. */

const mask = (1n << 64n) - 1n

const rotate = (word: bigint, by: bigint): bigint => ((word >> by) | (word << (64n - by))) & mask

/** The first `count` primes. */
const primes = (count: number): Array<bigint> => {
  const found: Array<bigint> = []
  for (let n = 2n; found.length < count; n++) if (found.every((p) => n % p !== 0n)) found.push(n)
  return found
}

/** The first 64 bits of the fractional part of the `degree`-th root, by bisection on integers. */
const rootFraction = (n: bigint, degree: bigint): bigint => {
  const scaled = n << (64n * degree)
  let low = 0n
  let high = 1n << 72n
  while (high - low > 1n) {
    const between = (low + high) >> 1n
    if (between ** degree <= scaled) low = between
    else high = between
  }
  return low & mask
}

const padded = (message: Uint8Array): Array<number> => {
  const zeros = (128 - (message.length + 17) % 128) % 128
  const bits = BigInt(message.length) * 8n
  const length = Array.from({ length: 16 }, (_, i) => Number((bits >> BigInt(8 * (15 - i))) & 0xffn))
  return [...message, 0x80, ...Array.from({ length: zeros }, () => 0), ...length]
}

/** A big-endian integer. */
export const integerOfBytes = (bytes: Iterable<number>): bigint => {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

const schedule = (block: ReadonlyArray<number>): Array<bigint> => {
  const words: Array<bigint> = []
  for (let t = 0; t < 16; t++) words.push(integerOfBytes(block.slice(8 * t, 8 * t + 8)))
  for (let t = 16; t < 80; t++) {
    const w15 = words[t - 15]!
    const w2 = words[t - 2]!
    const s0 = rotate(w15, 1n) ^ rotate(w15, 8n) ^ (w15 >> 7n)
    const s1 = rotate(w2, 19n) ^ rotate(w2, 61n) ^ (w2 >> 6n)
    words.push((words[t - 16]! + s0 + words[t - 7]! + s1) & mask)
  }
  return words
}

/** The 64 bytes of the digest. */
export const sha512 = (message: Uint8Array): Uint8Array => {
  const bytes = padded(message)
  const roundConstants = primes(80).map((p) => rootFraction(p, 3n))
  const hash = primes(8).map((p) => rootFraction(p, 2n))
  for (let start = 0; start < bytes.length; start += 128) {
    const words = schedule(bytes.slice(start, start + 128))
    let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = hash
    for (let t = 0; t < 80; t++) {
      const s1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n)
      const choice = (e & f) ^ (~e & mask & g)
      const t1 = h + s1 + choice + roundConstants[t]! + words[t]!
      const s0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n)
      const majority = (a & b) ^ (a & c) ^ (b & c)
      const t2 = s0 + majority
      h = g
      g = f
      f = e
      e = (d + t1) & mask
      d = c
      c = b
      b = a
      a = (t1 + t2) & mask
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) hash[i] = (hash[i]! + word) & mask
  }
  return Uint8Array.from(
    hash.flatMap((word) => Array.from({ length: 8 }, (_, i) => Number((word >> BigInt(56 - 8 * i)) & 0xffn)))
  )
}
