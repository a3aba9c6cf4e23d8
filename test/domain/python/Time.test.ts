import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { compareTimes, dateFormat, strptime, timestampFormat } from "../../../src/domain/python/Time.ts"
import { raised } from "./values.ts"

const Year = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9999 }))
const Month = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))
const Day = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 28 }))

const failure = (text: string | bigint): string => raised(() => strptime(text, dateFormat)).message

describe("strptime", () => {
  it("reads dates and timestamps", () => {
    assert.deepInclude(strptime("2024-1-5", dateFormat), { year: 2024, month: 1, day: 5 })
    assert.deepInclude(strptime("\uff12024-02-29", dateFormat), { year: 2024, month: 2, day: 29 })
    assert.deepInclude(strptime("2024-09-01 10:30:07", timestampFormat), { hour: 10, minute: 30, second: 7 })
  })

  it("refuses with Python's words", () => {
    assert.strictEqual(failure("2024-13-01"), "time data '2024-13-01' does not match format '%Y-%m-%d'")
    assert.strictEqual(failure(" 2024-01-01"), "time data ' 2024-01-01' does not match format '%Y-%m-%d'")
    assert.strictEqual(failure("2024-01-01T00:00:00"), "unconverted data remains: T00:00:00")
    assert.strictEqual(failure("2023-02-29"), "day is out of range for month")
    assert.strictEqual(failure("0000-01-01"), "year 0 is out of range")
    assert.strictEqual(failure(5n), "strptime() argument 1 must be str, not int")
  })

  it.prop("reads a date with and without zeros in front of its parts", [Year, Month, Day], ([year, month, day]) => {
    const years = String(year).padStart(4, "0")
    const plain = `${years}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`
    assert.deepStrictEqual(strptime(plain, dateFormat), strptime(`${years}-${month}-${day}`, dateFormat))
    assert.deepStrictEqual(strptime(plain, dateFormat), { year, month, day, hour: 0, minute: 0, second: 0 })
  })

  it("compares by time", () => {
    const [early, late] = [strptime("2024-01-31", dateFormat), strptime("2024-02-01", dateFormat)]
    assert.isBelow(compareTimes(early, late), 0)
    assert.strictEqual(compareTimes(early, early), 0)
  })
})
