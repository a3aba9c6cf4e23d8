/** Python's `bytes`. */
import { Instance, type Value } from "./Value.ts"

const escapeByte = (byte: number): string => {
  switch (byte) {
    case 0x09:
      return "\\t"
    case 0x0a:
      return "\\n"
    case 0x0d:
      return "\\r"
    case 0x5c:
      return "\\\\"
  }
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`
}

export class Bytes extends Instance {
  readonly typeName = "bytes"
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    super()
    this.bytes = bytes
  }

  override repr(): string {
    const text = Array.from(this.bytes, escapeByte).join("")
    const usesDouble = text.includes("'") && !text.includes("\"")
    return usesDouble ? `b"${text}"` : `b'${text.replaceAll("'", "\\'")}'`
  }

  override equals(that: Value): boolean {
    return that instanceof Bytes && that.bytes.length === this.bytes.length
      && this.bytes.every((byte, i) => byte === that.bytes[i])
  }

  override truthy(): boolean {
    return this.bytes.length > 0
  }

  override length(): number {
    return this.bytes.length
  }

  override iterate(): Iterable<Value> {
    return Array.from(this.bytes, (byte) => BigInt(byte))
  }
}
