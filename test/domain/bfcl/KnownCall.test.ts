import { assert, describe, it } from "@effect/vitest"
import { Script } from "../../../src/domain/bfcl/KnownCall.ts"

/** Reads more calls than are known at a time, so that all that were before are forgotten. */
const forgetOthers = (): void => {
  const script = new Script()
  for (let i = 0; i < 5000; i++) script.read(0, `add(a=${i}, b=1)`)
}

const echo = (length: number): string => `echo('${"x".repeat(length - "echo('')".length)}')`

describe("a script", () => {
  it("keeps its first 64 calls, of 512 characters at most, when they are known no more", () => {
    const script = new Script()
    const texts = Array.from({ length: 66 }, (_, i) => i === 1 ? echo(512) : i === 2 ? echo(513) : `cd('${i}')`)
    const read = () => texts.map((text, i) => script.read(i, text))
    const before = read()
    assert.deepStrictEqual(before.map(({ text }) => text), texts)
    assert.isTrue(read().every((call, i) => call === before[i]))
    forgetOthers()
    const again = read()
    const kept = again.flatMap((call, i) => call === before[i] ? [i] : [])
    assert.deepStrictEqual(kept, Array.from({ length: 64 }, (_, i) => i).filter((i) => i !== 2))
    assert.deepStrictEqual(again.map(({ text }) => text), texts)
  })

  it("has in a place the call that was read there last", () => {
    const script = new Script()
    const [first, other] = [script.read(0, "cd('a')"), script.read(0, "cd('b')")]
    forgetOthers()
    assert.strictEqual(script.read(0, "cd('b')"), other)
    assert.notStrictEqual(script.read(0, "cd('a')"), first)
  })
})
