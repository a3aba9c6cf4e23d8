/** Python's `bytes`. */
import { Builtin } from "./Callable.ts"
import { checkText } from "./Limits.ts"
import { isOrder, ordered } from "./Number.ts"
import { PythonError } from "./PythonError.ts"
import { sequenceItem } from "./Subscript.ts"
import { Instance, typeName, type Value } from "./Value.ts"

const indexErrors = {
  type: (key: Value) => `byte indices must be integers or slices, not ${typeName(key)}`,
  range: "index out of range"
}

const twoDigits = (byte: number): string => byte.toString(16).padStart(2, "0")

/** `value.decode()`. */
const decoded = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new PythonError("UnicodeDecodeError", "'utf-8' codec can't decode bytes: envtune does not say which")
  }
}

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
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${twoDigits(byte)}`
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

  override item(key: Value): Value {
    const taken = sequenceItem(this.bytes, key, indexErrors)
    return typeof taken === "number" ? BigInt(taken) : new Bytes(Uint8Array.from(taken))
  }

  override has(item: Value): boolean {
    if (item instanceof Bytes) return this.latin1().includes(item.latin1())
    if (typeof item !== "bigint" && typeof item !== "boolean") {
      throw new PythonError("TypeError", `a bytes-like object is required, not '${typeName(item)}'`)
    }
    const byte = BigInt(item)
    if (byte < 0n || byte > 255n) throw new PythonError("ValueError", "byte must be in range(0, 256)")
    return this.bytes.includes(Number(byte))
  }

  override binary(operator: string, that: Value): Value | undefined {
    switch (operator) {
      case "+":
        if (that instanceof Bytes) return this.followedBy(that)
        throw new PythonError("TypeError", `can't concat ${typeName(that)} to bytes`)
      case "*":
        return this.repeated(that)
      case "%":
        throw new PythonError("TypeError", "envtune does not format bytes by %")
    }
    return that instanceof Bytes && isOrder(operator) ? ordered(operator, this.latin1(), that.latin1()) : undefined
  }

  override reflected(operator: string, that: Value): Value | undefined {
    return operator === "*" ? this.repeated(that) : undefined
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case "decode":
        return new Builtin(name, () => decoded(this.bytes))
      case "hex":
        return new Builtin(name, () => Array.from(this.bytes, twoDigits).join(""))
      default:
        return undefined
    }
  }

  private followedBy({ bytes }: Bytes): Bytes {
    checkText(this.bytes.length + bytes.length)
    return new Bytes(Uint8Array.of(...this.bytes, ...bytes))
  }

  private repeated(times: Value): Bytes {
    if (typeof times !== "bigint" && typeof times !== "boolean") {
      throw new PythonError("TypeError", `can't multiply sequence by non-int of type '${typeName(times)}'`)
    }
    const count = Math.max(Number(times), 0)
    const length = this.bytes.length * count
    checkText(length)
    return new Bytes(Uint8Array.from({ length }, (_, i) => this.bytes[i % this.bytes.length]!))
  }

  /** A character for each byte. */
  private latin1(): string {
    return Array.from(this.bytes, (byte) => String.fromCharCode(byte)).join("")
  }

  override iterate(): Iterable<Value> {
    return Array.from(this.bytes, (byte) => BigInt(byte))
  }
}
