import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { groundTruth } from "../../../src/domain/bfcl/Entry.ts"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import { open } from "../../../src/domain/bfcl/Session.ts"
import {
  type Drill,
  generate,
  scenarioOf,
  sizes,
  type Story,
  tell,
  themes,
  variants
} from "../../../src/domain/drills/Drill.ts"
import { longContext } from "../../../src/domain/drills/LongContext.ts"
import { prove } from "../../../src/domain/drills/Proof.ts"
import type { Request } from "../../../src/domain/drills/Story.ts"
import { overlap } from "../../../src/domain/Tasks.ts"

const Seeds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 - 1 }))

const baseOf = (story: Story): Drill => {
  const drill = variants(story).find(({ entry }) => entry.category === "base")
  if (drill === undefined) throw new Error("a story without a base variant")
  return drill
}

/** What somebody calls who takes a request at its word: a path, a name, a city where something else is wanted. */
const hasty = ({ calls, text, trap }: Request): string => {
  const last = calls.at(-1) ?? ""
  const said = /='([^']*)'/.exec(calls[0] ?? "")?.[1] ?? ""
  if (trap === "path") return last.replace(/='([^']*)'/, `='${said}/$1'`)
  if (trap === "name") return last.replace(/='USR\d+'/, `='${said}'`)
  if (trap === "city") {
    return last.replace(/'[A-Z]{3}'/g, (code) => text.includes(code.slice(1, -1)) ? code : `'${said}'`)
  }
  return last
}

const texts = ({ entry }: Drill): ReadonlyArray<string> =>
  entry.turns.flatMap(({ messages }) => messages.map(({ content }) => content))

describe("the drills of a seed", () => {
  const exercises = generate(7, sizes, prove)
  const ofPart = (part: string) => exercises.filter(({ task }) => task.part === part)

  it("are 400 or more to train on, 400 or more to test on, and some with unseen tools, without a shared scenario", () => {
    assert.isAtLeast(ofPart("train").length, 400)
    assert.isAtLeast(ofPart("test").length, 400)
    assert.isAtLeast(ofPart("transfer").length, 100)
    assert.deepStrictEqual(overlap(exercises.map(({ task }) => task)), [])
    assert.strictEqual(new Set(exercises.map(({ task }) => task.id)).size, exercises.length)
  })

  it("come in four categories, each at least a fifth of its part", () => {
    for (const part of ["train", "test"]) {
      const all = ofPart(part)
      for (const category of ["base", "miss_func", "miss_param", "long_context"]) {
        assert.isAtLeast(all.filter(({ task }) => task.category === category).length, all.length / 5)
      }
    }
  })

  it("hold a trap in at least a third of the train and of the test part, of every kind", () => {
    for (const part of ["train", "test"]) {
      const trapped = ofPart(part).filter(({ traps }) => traps.length > 0)
      assert.isAtLeast(trapped.length, ofPart(part).length / 3)
    }
    const kinds = new Set(ofPart("train").flatMap(({ traps }) => traps))
    assert.deepStrictEqual(
      [...kinds].toSorted(),
      ["brake", "city", "doors", "elsewhere", "engine", "login", "name", "path"]
    )
  })

  it("have the same test and transfer parts whatever the seed, and another train part", () => {
    const others = generate(8, { ...sizes, train: 40 }, prove)
    const evaluated = (some: typeof exercises) => some.filter(({ task }) => task.part !== "train")
    assert.deepStrictEqual(evaluated(others), evaluated(exercises))
    const known = new Set(ofPart("train").map(({ task }) => task.scenario))
    assert.isAbove(others.filter(({ task }) => task.part === "train" && !known.has(task.scenario)).length, 20)
  })
})

describe("a story", () => {
  it.prop("told twice is the same, and its variants share its scenario", [Seeds, Schema.Boolean], ([seed, unseen]) => {
    const story = tell(seed, unseen)
    assert.deepStrictEqual(story.requests, tell(seed, unseen).requests)
    assert.deepStrictEqual([...new Set(variants(story).map(({ entry }) => entry.scenario))], [story.scenario])
    assert.match(scenarioOf(story), /^drill-[0-9a-f]{8}$/)
  })

  it.prop("is proved by execution, or refused", [Seeds], ([seed]) => {
    const drill = baseOf(tell(seed, false))
    assert.isTrue(prove(drill))
    const [first, ...rest] = drill.entry.turns
    if (first === undefined) return
    const broken = { ...first, groundTruth: [...first.groundTruth, "fly(height=3)"] }
    assert.isFalse(prove({ ...drill, entry: { ...drill.entry, turns: [broken, ...rest] } }))
  })

  it.prop("with a trap fails whoever does only what was asked for", [Seeds], ([seed]) => {
    const story = tell(seed, false)
    const at = story.requests.findIndex(({ trap }) => trap !== undefined)
    const trapped = story.requests[at]
    if (trapped === undefined) return
    const { entry } = baseOf(story)
    const session = open(entry, { name: "hasty" })
    for (const calls of groundTruth(entry).slice(0, at)) for (const call of calls) execute(session, call)
    assert.isAtLeast(trapped.calls.length, 2, trapped.text)
    assert.isDefined(execute(session, hasty(trapped)).failure, `${trapped.text} ${hasty(trapped)}`)
  })

  it.prop("withholds a tool in miss_func, and hands it over when it is needed", [Seeds], ([seed]) => {
    const story = tell(seed, false)
    for (const { entry } of variants(story).filter((drill) => drill.entry.category === "miss_func")) {
      const empty = entry.turns.findIndex(({ groundTruth: calls }) => calls.length === 0)
      const tool = entry.turns[empty + 1]!.revealed[0]!
      assert.isFalse(entry.tools?.includes(tool))
      assert.isTrue(entry.turns[empty + 1]!.groundTruth.some((call) => call.startsWith(`${tool}(`)))
      const before = entry.turns.slice(0, empty).flatMap((turn) => turn.groundTruth)
      assert.isFalse(before.some((call) => call.startsWith(`${tool}(`)))
    }
  })

  it.prop("leaves a value out in miss_param, and supplies it when asked", [Seeds], ([seed]) => {
    const story = tell(seed, false)
    const told = new Set(texts(baseOf(story)))
    for (const drill of variants(story).filter(({ entry }) => entry.category === "miss_param")) {
      const { turns } = drill.entry
      const empty = turns.findIndex(({ groundTruth: calls }) => calls.length === 0)
      assert.strictEqual(turns.length, story.requests.length + 1)
      assert.deepStrictEqual(turns[empty + 1]!.groundTruth, story.requests[empty]!.calls)
      assert.isFalse(told.has(turns[empty]!.messages[0]!.content))
    }
  })

  it.prop("of the transfer part is about tools that training never offers", [Seeds], ([seed]) => {
    const { requests, theme } = tell(seed, true)
    for (const { tool } of requests) {
      assert.include(theme.unseenTools, tool)
      assert.isFalse(themes.some(({ tools }) => tools.includes(tool)))
    }
  })

  it("in long context says the same in a world that says much more", () => {
    const stories = Array.from({ length: 50 }, (_, seed) => tell(seed, false))
    const story = stories.find(({ theme }) => theme.toolset === "VehicleControlAPI")!
    const { entry } = variants(story).find((drill) => drill.entry.longContext)!
    const said = (name: "base" | "long_context"): number => {
      const session = open({ ...entry, longContext: name === "long_context" }, { name, longContext })
      return execute(session, "displayCarStatus(option='fuel')").text.length
    }
    assert.isAbove(said("long_context"), 2 * said("base"))
    assert.deepStrictEqual(texts({ entry, traps: [] }), texts(baseOf(story)))
  })
})
