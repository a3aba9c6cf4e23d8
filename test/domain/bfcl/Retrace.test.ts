import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Entry from "../../../src/domain/bfcl/Entry.ts"
import { callMessage } from "../../../src/domain/bfcl/GroundTruth.ts"
import { retrace, stateAfter } from "../../../src/domain/bfcl/Retrace.ts"
import type { EpisodeRecord, StepRecord } from "../../../src/domain/EpisodeRecord.ts"
import * as Protocol from "../../../src/domain/Protocol.ts"
import * as Task from "../../../src/domain/Task.ts"

const payload: Entry.Entry = {
  id: "multi_turn_base_0",
  category: "base",
  scenario: 0,
  classes: ["GorillaFileSystem"],
  initialConfig: JSON.stringify({
    GorillaFileSystem: {
      root: { work: { type: "directory", contents: { "a.txt": { type: "file", content: "hello" } } } }
    }
  }),
  turns: [
    { messages: [{ role: "user", content: "Make notes." }], revealed: [], groundTruth: ["touch('notes.txt')"] },
    { messages: [{ role: "user", content: "Drop a." }], revealed: [], groundTruth: ["rm('a.txt')"] }
  ],
  longContext: false
}

const entry = Result.getOrThrow(Entry.ofTask(Task.make("multi_turn_base_0", JSON.parse(JSON.stringify(payload)))))

const step = (turn: number, content: string, standards: ReadonlyArray<string> = []): StepRecord => ({
  turn,
  observed: [],
  said: { role: "assistant", content },
  stop: "stop",
  code: -1,
  outcomes: standards.map((standard) => ({ call: "", ok: true, standard }))
})

const finished = (steps: ReadonlyArray<StepRecord>): NonNullable<EpisodeRecord["finished"]> => ({
  turns: 2,
  stop: "completed",
  score: { total: 0, terms: {}, perTurn: [0, 0] },
  steps
})

const done = Protocol.answer("Done.")
const root = "GorillaFileSystem/root"

describe("retrace", () => {
  it("says what each step changed, and how far it is from the turn's ground truth", () => {
    const { steps, truth } = retrace(
      entry,
      finished([
        step(0, callMessage(["touch('notes.txt')"]), ["None"]),
        step(0, done),
        step(1, callMessage(["mkdir('b')"]), ["None"]),
        step(1, done)
      ]),
      undefined
    )
    assert.deepStrictEqual(truth, [["touch('notes.txt')"], ["rm('a.txt')"]])
    assert.deepStrictEqual(steps.map(({ same }) => same), [true, true, true, true])
    assert.deepStrictEqual(steps[0]?.changes, [{ path: `${root}/notes.txt`, to: "''" }])
    assert.deepStrictEqual(steps[0]?.missing, [])
    assert.deepStrictEqual(steps[1]?.changes, [])
    assert.deepStrictEqual(steps[2]?.changes, [{ path: `${root}/b`, to: "(empty folder)" }])
    assert.deepStrictEqual(steps[3]?.missing, [
      { path: `${root}/a.txt`, from: "'hello'" },
      { path: `${root}/b`, from: "(empty folder)" }
    ])
  })

  it("goes on from where the check's ground truth is: without the turns in which nothing was called", () => {
    const { steps } = retrace(
      entry,
      finished([
        step(0, done),
        step(1, callMessage(["rm('a.txt')"]), ["{\"result\": \"'a.txt' removed\"}"]),
        step(1, done)
      ]),
      undefined
    )
    assert.deepStrictEqual(steps[0]?.missing, [{ path: `${root}/notes.txt`, to: "''" }])
    assert.deepStrictEqual(steps[2]?.missing, [])
  })

  it("notices results that are not the recorded ones", () => {
    const { steps } = retrace(
      entry,
      finished([step(0, callMessage(["touch('notes.txt')"]), ["something else"])]),
      undefined
    )
    assert.deepStrictEqual(steps.map(({ same }) => same), [false])
  })

  it("gives the whole state after any step", () => {
    const episode = finished([step(0, callMessage(["touch('notes.txt')", "cd('x')"])), step(0, done)])
    assert.deepStrictEqual([...stateAfter(entry, episode, 0, undefined)].filter(([path]) => path.startsWith(root)), [
      [`${root}/a.txt`, "'hello'"]
    ])
    assert.deepStrictEqual(stateAfter(entry, episode, 1, undefined).get("GorillaFileSystem/_current_dir"), "work")
  })
})
