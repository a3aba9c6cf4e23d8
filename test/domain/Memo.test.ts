import { assert, describe, it } from "@effect/vitest"
import { remembered } from "../../src/domain/Memo.ts"

/** A remembered function, and the texts that it really read. */
const reading = () => {
  const texts: Array<string> = []
  const read = remembered((text) => {
    texts.push(text)
    return { length: text.length }
  })
  return { read, texts }
}

const long = (i: number): string => String(i).padStart(2048)

describe("remembered", () => {
  it("reads a text once", () => {
    const { read, texts } = reading()
    assert.strictEqual(read("a"), read("a"))
    assert.deepStrictEqual(read("ab"), { length: 2 })
    assert.deepStrictEqual(texts, ["a", "ab"])
  })

  it("does not keep long texts", () => {
    const { read, texts } = reading()
    const tooLong = "a".repeat(2049)
    assert.deepStrictEqual(read(tooLong), read(tooLong))
    assert.lengthOf(texts, 2)
  })

  it("keeps 8192 texts, and forgets them all for one more", () => {
    const { read, texts } = reading()
    for (let i = 0; i < 8192; i++) read(String(i))
    read("0")
    assert.lengthOf(texts, 8192)
    read("one more")
    read("0")
    assert.deepStrictEqual(texts.slice(8192), ["one more", "0"])
  })

  it("keeps a million characters", () => {
    const { read, texts } = reading()
    for (let i = 0; i < 512; i++) read(long(i))
    read(long(0))
    assert.lengthOf(texts, 512)
    read(long(512))
    read(long(0))
    assert.lengthOf(texts, 514)
  })
})
