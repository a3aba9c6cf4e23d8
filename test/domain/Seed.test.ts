import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Seed from "../../src/domain/Seed.ts"

const Part = Schema.Union([Schema.String, Schema.Int])

describe("Seed", () => {
  it.prop("derives 32-bit seeds, the same from the same parts", [Schema.Array(Part)], ([parts]) => {
    const seed = Seed.derive(...parts)
    assert.isTrue(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)
    assert.strictEqual(Seed.derive(...parts), seed)
  })

  it("tells parts apart by order, kind and division", () => {
    const seeds = [
      Seed.derive(),
      Seed.derive(""),
      Seed.derive(1, 2),
      Seed.derive(2, 1),
      Seed.derive(12),
      Seed.derive("12"),
      Seed.derive("1", "2"),
      Seed.derive("1", 2),
      Seed.derive("ab", "c"),
      Seed.derive("a", "bc")
    ]
    assert.strictEqual(new Set(seeds).size, seeds.length)
  })

  it("stays what it is: runs can be repeated later", () => {
    assert.strictEqual(Seed.derive("run", 1), 3547992020)
    assert.strictEqual(Seed.bits(7, 3), 4262664602)
  })

  it("spreads neighbouring seeds and counters evenly over [0, 1)", () => {
    const counts = new Float64Array(64)
    const n = 64_000
    for (let at = 0; at < n; at++) {
      const u = Seed.uniform(at % 250, Math.floor(at / 250))
      assert.isTrue(u >= 0 && u < 1 && Math.fround(u) === u)
      counts[Math.floor(u * 64)]! += 1
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0)
    // 63 degrees of freedom: mean 63, standard deviation 11.
    assert.isAbove(chiSquare, 30)
    assert.isBelow(chiSquare, 110)
  })

  it.prop(
    "shuffles: every item stays, and the order is the seed's",
    [Schema.Array(Schema.Int), Schema.Int],
    ([items, seed]) => {
      const shuffled = new Seed.Draws(seed).shuffle(items)
      assert.deepStrictEqual(shuffled.toSorted((a, b) => a - b), items.toSorted((a, b) => a - b))
      assert.deepStrictEqual(new Seed.Draws(seed).shuffle(items), shuffled)
    }
  )

  it("picks each of its items", () => {
    const draws = new Seed.Draws(5)
    const picked = new Set(Array.from({ length: 60 }, () => draws.pick(["a", "b", "c"])))
    assert.deepStrictEqual([...picked].toSorted(), ["a", "b", "c"])
  })
})
