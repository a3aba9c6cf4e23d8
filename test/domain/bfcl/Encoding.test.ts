import { assert, describe, it } from "@effect/vitest"
import { encode } from "../../../src/domain/bfcl/Encoding.ts"
import { Random } from "../../../src/domain/python/Random.ts"
import { PySet } from "../../../src/domain/python/Set.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict, ellipsis, Tuple } from "../../../src/domain/python/Value.ts"
import { jsonValue } from "../python/values.ts"

describe("encode", () => {
  it("keeps what JSON would lose", () => {
    assert.deepStrictEqual(encode([1n, 1, 1.5, NaN, 2n ** 60n]), [1, { $float: "1.0" }, 1.5, { $float: "nan" }, {
      $int: "1152921504606846976"
    }])
    assert.deepStrictEqual(encode(new Tuple([null, ellipsis])), { $tuple: [null, { $ellipsis: true }] })
    assert.deepStrictEqual(encode(new PySet([3n, 1n])), { $set: [1, 3] })
    assert.deepStrictEqual(encode(Dict.of({ a: 1n })), { a: 1 })
    assert.deepStrictEqual(encode(Dict.from([["1", true], ["$x", 1n]])), { $dict: [["1", true], ["$x", 1]] })
    assert.deepStrictEqual(encode(Dict.of({ "0001": 1n })), { "0001": 1 })
  })

  it("looks at a generator without drawing from it", () => {
    const random = Random.seeded(200191n)
    const encoded = encode(random)
    assert.deepStrictEqual(encode(random), encoded)
    assert.deepStrictEqual(encoded, { $random: { index: 624, next32: [random.next32(), random.next32()] } })
  })

  it.prop("tells values apart that Python prints differently", [jsonValue, jsonValue], ([a, b]) => {
    assert.strictEqual(JSON.stringify(encode(a)) === JSON.stringify(encode(b)), repr(a) === repr(b))
  })
})
