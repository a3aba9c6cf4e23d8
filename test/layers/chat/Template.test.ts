import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { dumps } from "../../../src/domain/python/Json.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { compile } from "../../../src/layers/chat/Template.ts"
import { jsonValue } from "../../domain/python/values.ts"

const render = (source: string, variables: Readonly<Record<string, Value>> = {}): string =>
  Result.getOrThrow(Result.getOrThrow(compile(source))(variables))

const problem = (source: string, variables: Readonly<Record<string, Value>> = {}): string =>
  Result.match(Result.flatMap(compile(source), (template) => template(variables)), {
    onFailure: (detail) => detail,
    onSuccess: (text) => `rendered ${text}`
  })

describe("a chat template", () => {
  it.prop("prints JSON as Python does", [jsonValue], ([value]) => {
    assert.strictEqual(render("{{ value | tojson }}", { value }), dumps(value, { ensureAscii: false }))
    const indented = dumps(value, { ensureAscii: true, indent: 2 })
    assert.strictEqual(render("{{ value | tojson(indent=2, ensure_ascii=true) }}", { value }), indented)
  })

  it("keeps integers and floats apart, large ones, too", () => {
    const value = Dict.from([["10", 3n], ["2", 3], ["big", 12345678901234567890n], ["list", [1e22, -0]]])
    assert.strictEqual(
      render("{{ value | tojson }}", { value }),
      "{\"10\": 3, \"2\": 3.0, \"big\": 12345678901234567890, \"list\": [1e+22, -0.0]}"
    )
    assert.strictEqual(render("{{ value['2'] }} {{ value['big'] }}", { value }), "3.0 12345678901234567890")
  })

  it("counts, compares and ranges", () => {
    assert.strictEqual(
      render("{% for i in range(2, 8, 3) %}{{ i * n }} {% endfor %}{{ n > 1 }}", { n: 2n }),
      "4 10 true"
    )
  })

  it("prints what it made itself", () => {
    assert.strictEqual(
      render("{{ {'name': name, 'given': {'x': x}} | tojson }}", { name: "f", x: 2 }),
      "{\"name\": \"f\", \"given\": {\"x\": 2.0}}"
    )
    assert.strictEqual(render("{{ none | tojson }} {{ nothing | tojson }}"), "null null")
  })

  it("strips characters, of both ends or of one", () => {
    const text = "\n  a \n"
    assert.strictEqual(render("[{{ text.strip('\\n') }}]", { text }), "[  a ]")
    assert.strictEqual(render("[{{ text.lstrip('\\n') }}]", { text }), "[  a \n]")
    assert.strictEqual(render("[{{ text.split('a')[-1].rstrip('\\n') }}]", { text }), "[ ]")
    assert.strictEqual(render("[{{ text.strip() }}]", { text: "\u001ca\ufeff" }), "[a\ufeff]")
  })

  it("says what it raises and what of it cannot be read", () => {
    assert.strictEqual(problem("{{ raise_exception('no ' + name) }}", { name: "system" }), "no system")
    assert.match(problem("{% if %}"), /^(?!rendered)./)
    assert.match(problem("{{ x | no_such_filter }}", { x: "a" }), /no_such_filter/)
  })

  it("does not know what day it is", () => {
    assert.strictEqual(render("{{ 'known' if strftime_now is defined else 'unknown' }}"), "unknown")
  })
})
