import { assert, describe, it } from "@effect/vitest"
import { hint } from "../../../src/domain/augment/Actionable.ts"
import { none, rule } from "../../../src/domain/Augmentor.ts"
import * as HintCoverage from "../../../src/domain/bfcl/HintCoverage.ts"
import { classNames, toolsetOf } from "../../../src/domain/bfcl/Toolsets.ts"

const toolsets = classNames.flatMap((name) => toolsetOf(name) ?? [])

const tickets = toolsetOf("TicketAPI")!

const few = 10_000

describe("the coverage of hints", () => {
  for (const toolset of toolsets) {
    it(`is complete for ${toolset.name}`, () => {
      const uncovered = HintCoverage.cover(toolset, hint).filter((row) => !HintCoverage.isCovered(row))
      assert.deepStrictEqual(uncovered, [])
    })
  }

  it("has a row for every kind that a tool declares, in order", () => {
    const rows = HintCoverage.cover(tickets, hint, few).map(({ kind, tool }) => [tool, kind])
    assert.deepStrictEqual(rows, tickets.tools.flatMap(({ failures, name }) => failures.map((kind) => [name, kind])))
  })

  it("counts failures that no rule speaks for, and keeps the call of one", () => {
    for (const row of HintCoverage.cover(tickets, none, few)) {
      assert.isFalse(HintCoverage.isCovered(row))
      assert.strictEqual(row.silent, row.met)
      assert.deepStrictEqual(row.rules, [])
      assert.include(row.silentCall, `${row.tool}(`)
    }
  })

  it("wants a rule to speak every time", () => {
    const often = rule("often", ({ subject: { value } }) => typeof value === "string" ? "a text" : undefined)
    const [row] = HintCoverage.cover(tickets, often, few).filter(({ tool }) => tool === "get_ticket")
    assert.deepStrictEqual(row?.rules, ["often"])
    assert.isAbove(row?.silent ?? 0, 0)
    assert.isBelow(row?.silent ?? 0, row?.met ?? 0)
    assert.isFalse(row !== undefined && HintCoverage.isCovered(row))
  })

  it("finds a kind that is declared and never returned", () => {
    const tools = tickets.tools.map((tool) =>
      tool.name === "logout" ? { ...tool, failures: ["unavailable"] as const } : tool
    )
    const [row] = HintCoverage.cover({ ...tickets, tools }, hint, few).filter(({ tool }) => tool === "logout")
    assert.strictEqual(row?.met, 0)
    assert.isFalse(row !== undefined && HintCoverage.isCovered(row))
  })
})
