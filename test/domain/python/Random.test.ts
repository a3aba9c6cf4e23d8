import { assert, describe, it } from "@effect/vitest"
import { Random } from "../../../src/domain/python/Random.ts"
import { sha512 } from "../../../src/domain/python/Sha512.ts"
import { integer } from "./values.ts"

const within = (value: bigint): number => Number(BigInt.asIntN(53, value))

const drawn = (random: Random) => Array.from({ length: 1300 }, () => random.next32())

describe("Random", () => {
  it("draws CPython's numbers from the simulators' seeds", () => {
    const travel = Random.seeded(141053n)
    assert.deepStrictEqual(
      [
        travel.randint(100000, 999999),
        travel.randint(100000000000, 999999999999),
        travel.randint(10000, 99999)
      ],
      [251675, 391310425148, 58617]
    )
    const vehicle = Random.seeded(141053n)
    assert.deepStrictEqual([vehicle.uniform(-10, 40), vehicle.uniform(0, 120)], [36.63485703790535, 99.11925428879405])
    const message = Random.seeded(200191n)
    assert.deepStrictEqual(
      Array.from({ length: 5 }, () => message.randint(10000, 99999)),
      [67410, 41772, 24547, 24421, 60424]
    )
  })

  it("takes every kind of seed that Python takes", () => {
    for (
      const [seed, expected] of [
        ["seed", 593719038],
        [3.5, 1305322236],
        [-2.5, 2052775640],
        [1e300, 1122766155],
        [-7n, 1390851128],
        [0n, 3626764237],
        [1000000000000n, 2048792621],
        [true, Random.seeded(1n).next32()]
      ] as const
    ) assert.strictEqual(Random.seeded(seed).next32(), expected)
    assert.throws(() => Random.seeded([]), "The only supported seed types are: None,")
  })

  it("counts what it drew and copies where it is", () => {
    const random = Random.seeded(1n)
    assert.strictEqual(random.index, 624)
    random.next32()
    assert.strictEqual(random.index, 1)
    const copy = random.deepCopy()
    assert.strictEqual(copy.next32(), random.next32())
    for (let i = 0; i < 622; i++) random.next32()
    assert.strictEqual(random.index, 624)
  })

  it("goes on after 624 words, and draws alone whatever others of its seed draw", () => {
    const words = drawn(Random.seeded(1n))
    assert.deepStrictEqual([0, 623, 624, 1299].map((at) => words[at]), [577090037, 802355090, 1360367077, 3223856108])
    assert.deepStrictEqual(drawn(Random.seeded(1n)), words)
  })

  it.prop("stays within the bounds of randint", [integer, integer], ([a, b]) => {
    const [low, high] = [Math.min(within(a), within(b)), Math.max(within(a), within(b))]
    const drawn = Random.seeded(a).randint(low, high)
    assert.isTrue(low <= drawn && drawn <= high)
  })
})

const hex = (text: string): string => Buffer.from(sha512(new TextEncoder().encode(text))).toString("hex")

describe("sha512", () => {
  it("hashes the standard's examples", () => {
    assert.strictEqual(hex("abc").slice(0, 32), "ddaf35a193617abacc417349ae204131")
    assert.strictEqual(hex("").slice(0, 32), "cf83e1357eefb8bdf1542850d66d8007")
    assert.strictEqual(hex("a".repeat(200)).length, 128)
  })
})
