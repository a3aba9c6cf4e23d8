import { assert, describe, it } from "@effect/vitest"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict, ellipsis } from "../../../src/domain/python/Value.ts"
import { jsonValue } from "../python/values.ts"

describe("long_context.json", () => {
  it.prop("reads what it writes", [jsonValue], ([value]) => {
    const constants = Dict.of({ A: [value, ellipsis], B: value })
    assert.strictEqual(repr(LongContext.decode(LongContext.encode(constants))), repr(constants))
  })
})

describe("ofModule", () => {
  it("writes a constant a line, numbers as Python spells them, and the ellipsis that JSON does not have", () => {
    const module = "A = ['x', 7287.0, 16, ...]\nB={\n  'caf\u00e9': \"it's\",\n  'n': {'price': 1e3}\n}\n"
    assert.strictEqual(
      LongContext.ofModule(module),
      "{\n\"A\": [\"x\", 7287.0, 16, {\"$ellipsis\": true}],\n\"B\": {\"caf\u00e9\": \"it's\", \"n\": {\"price\": 1000.0}}\n}\n"
    )
  })
})
