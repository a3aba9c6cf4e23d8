import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Agreement from "../../../../src/domain/bfcl/conformance/Agreement.ts"

const compared = (id: string, ...pairs: ReadonlyArray<readonly [expected: unknown, got: unknown]>) => {
  const comparer = new Agreement.Comparer(id)
  for (const [expected, got] of pairs) {
    comparer.called()
    comparer.equal("result", "f()", expected, got)
  }
  return comparer.comparison
}

const partOf = (...comparisons: ReadonlyArray<Agreement.Comparison>) =>
  comparisons.reduce(Agreement.count, Agreement.empty("part"))

describe("a part", () => {
  it("counts a case once, as agreed, disagreed or not implemented", () => {
    const part = partOf(
      compared("a", ["1", "1"], [["x"], ["x"]]),
      compared("b", ["1", "2"], ["3", "4"]),
      Agreement.notImplemented("MathAPI")
    )
    const { agreed, calls, cases, disagreed, notImplemented } = part
    assert.deepStrictEqual([cases, calls, agreed, disagreed, notImplemented], [3, 4, 1, 1, 1])
    assert.deepStrictEqual(part.disagreements.map(({ expected, got }) => [expected, got]), [["1", "2"]])
  })

  const Kind = Schema.Literals(["same", "other", "missing"])
  it.prop("adds up", [Schema.Array(Kind)], ([kinds]) => {
    const part = partOf(
      ...kinds.map((kind) =>
        kind === "missing" ? Agreement.notImplemented("X") : compared(kind, ["1", kind === "same" ? "1" : "2"])
      )
    )
    assert.strictEqual(part.cases, kinds.length)
    assert.strictEqual(part.agreed + part.disagreed + part.notImplemented, part.cases)
    assert.strictEqual(Agreement.agrees([part]), kinds.includes("same") && !kinds.includes("other"))
  })
})

describe("the table", () => {
  it("has a line a part, and says below what is missing and what differs", () => {
    const lines = Agreement.table([
      partOf(compared("a", ["1", "1"])),
      partOf(Agreement.notImplemented("MathAPI"), compared("b", ["expected", "got"]))
    ])
    assert.deepStrictEqual(lines, [
      "part  cases  calls  agreed  disagreed  not yet implemented  not compared",
      "part      1      1       1          0                    0             0",
      "part      2      1       0          1                    1             0",
      "    not yet implemented: MathAPI",
      "    b: result of f()",
      "      expected expected",
      "      got      got"
    ])
  })

  it("shows long texts from where they part", () => {
    const same = "x".repeat(500)
    const lines = Agreement.table([partOf(compared("a", [`${same}1`, `${same}2`]))])
    assert.deepStrictEqual(lines.slice(3), [
      `      expected ...${"x".repeat(60)}1`,
      `      got      ...${"x".repeat(60)}2`
    ])
  })
})
