import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type * as Journal from "../../src/domain/Journal.ts"
import * as UnderWay from "../../src/domain/UnderWay.ts"

const place = { stageIndex: 1, step: 7 }

/** Moves by task and member, oldest first; `taken` where somebody asks in between. */
const Drawn = Schema.Array(Schema.Struct({
  task: Schema.Literals(["a", "b"]),
  member: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
  move: Schema.Literals(Object.values(UnderWay.moves)),
  taken: Schema.Boolean
}))

const eventsOf = (drawn: typeof Drawn.Type, isTaken: (taken: boolean) => boolean) => {
  const moves = new UnderWay.Moves(place)
  const events = drawn.flatMap(({ member, move, taken, task }) => {
    moves.add(task, member, move)
    return isTaken(taken) ? moves.take() : []
  })
  return [...events, ...moves.take()]
}

const after = (events: ReadonlyArray<Journal.Event>) =>
  UnderWay.after(events.map((event) => ({ events: [event], lengths: { metrics: 0, episodes: 0, evaluations: 0 } })))

describe("UnderWay", () => {
  it("says in which turn an episode is, after how many messages of which attempt", () => {
    const moves = new UnderWay.Moves(place)
    for (const move of "(.(.|.|.") {
      moves.add("a", 2, Schema.decodeUnknownSync(Schema.Literals(Object.values(UnderWay.moves)))(move))
    }
    const events = moves.take()
    assert.deepStrictEqual(events, [{ _tag: "EpisodesMoved", ...place, moves: { a: ",,(.(.|.|." } }])
    assert.deepStrictEqual(after(events), new Map([["1/7/a/2", { attempts: 2, turn: 2, messages: 5 }]]))
    assert.deepStrictEqual(moves.take(), [])
  })

  it.prop("is the same however often it was written down", [Drawn], ([drawn]) => {
    assert.deepStrictEqual(after(eventsOf(drawn, (taken) => taken)), after(eventsOf(drawn, () => true)))
  })

  it.prop("is what began and did not end", [Drawn], ([drawn]) => {
    const last = new Map(drawn.map(({ member, move, task }) => [`1/7/${task}/${member}`, move]))
    const open = Array.from(last).filter(([, move]) => move !== ")" && move !== "x").map(([id]) => id)
    assert.sameMembers([...after(eventsOf(drawn, (taken) => taken)).keys()], open)
  })

  it("leaves behind what a run that goes on does not take up", () => {
    const moves = new UnderWay.Moves(place)
    moves.add("a", 0, "(")
    const events: ReadonlyArray<Journal.Event> = [...moves.take(), { _tag: "Resumed", milliseconds: 0, step: 7 }]
    assert.deepStrictEqual(after(events), UnderWay.none)
  })
})
