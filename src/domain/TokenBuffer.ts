/**
 * Token ids that only grow in number. What was returned stays as it is, because ids are only ever added behind it: the
 * prompts of an episode share memory, which is then linear in its length and not quadratic.
 */
export class TokenBuffer {
  private buffer = new Int32Array(256)
  private length = 0

  /** All ids, these included. */
  add(tokens: Int32Array): Int32Array {
    const length = this.length + tokens.length
    if (length > this.buffer.length) {
      const larger = new Int32Array(Math.max(length, 2 * this.buffer.length))
      larger.set(this.buffer.subarray(0, this.length))
      this.buffer = larger
    }
    this.buffer.set(tokens, this.length)
    this.length = length
    return this.buffer.subarray(0, length)
  }
}
