import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import type { Step } from "../../src/domain/Episode.ts"
import * as EpisodeRecord from "../../src/domain/EpisodeRecord.ts"
import * as Reward from "../../src/domain/Reward.ts"
import type { Attempted } from "../../src/domain/RunStore.ts"

const task = { id: "t", category: "base", scenario: "s", part: "train", payload: { big: "not recorded" } } as const

const step = (prompt: ReadonlyArray<number>, completion: ReadonlyArray<number>): Step => ({
  turn: 0,
  observed: [{ role: "user", content: "go", tools: [{ name: "cd", description: "Goes.", parameters: [] }] }],
  completion: {
    message: { role: "assistant", content: "cd" },
    tokens: {
      prompt: Int32Array.from(prompt),
      completion: Int32Array.from(completion),
      logprobs: Float32Array.from(completion, () => -0.25)
    },
    stop: "stop"
  },
  transition: {
    code: -2,
    messages: [{ role: "tool", content: "no" }],
    outcomes: [{ call: "cd()", ok: false, standard: "no", shown: "no, because", hint: "because" }],
    done: false
  }
})

const attempted = (steps: ReadonlyArray<Step>): Attempted => ({
  id: "0/0/t/0",
  stage: "one",
  step: 0,
  member: 0,
  task,
  seed: 1,
  attempts: 1,
  finished: {
    episode: { task, seed: 1, turns: 2, steps, stop: "steps" },
    score: Reward.scored(0.5, { progress: 0.5 }, [1, 0])
  },
  fate: { _tag: "Trained", advantage: 0.7 }
})

const Line = Schema.fromJsonString(EpisodeRecord.EpisodeRecord)
const Ids = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })))

describe("EpisodeRecord", () => {
  it.prop("gives back the tokens of every step, whether or not prompts extend one another", [
    Schema.Array(Schema.Tuple([Ids, Ids, Schema.Boolean]))
  ], ([drawn]) => {
    const steps: Array<Step> = []
    let context: ReadonlyArray<number> = []
    for (const [more, completion, extending] of drawn) {
      const prompt = extending ? [...context, ...more] : more
      steps.push(step(prompt, completion))
      context = [...prompt, ...completion]
    }
    const line = JSON.stringify(EpisodeRecord.make(attempted(steps)))
    const decoded = Schema.decodeResult(Line)(line, { onExcessProperty: "error" })
    assert(Result.isSuccess(decoded))
    assert.deepStrictEqual(EpisodeRecord.tokens(decoded.success), steps.map(({ completion }) => completion.tokens))
  })

  it("gives back the episode and its score, but for the task's payload and the tools that messages bring", () => {
    const given = attempted([step([1, 2], [3]), step([1, 2, 3, 4], [5])])
    const record = EpisodeRecord.make(given)
    const episode = EpisodeRecord.episode(record)
    assert(episode !== undefined && given.finished !== undefined)
    assert.deepStrictEqual(EpisodeRecord.make({ ...given, finished: { ...given.finished, episode } }), record)
    assert.deepStrictEqual(EpisodeRecord.score(record), given.finished.score)
    assert.deepStrictEqual(episode.steps.map(({ completion }) => completion), [
      step([1, 2], [3]).completion,
      step([1, 2, 3, 4], [5]).completion
    ])
    assert.strictEqual(episode.task.payload, null)
    const { finished: _, ...unfinished } = given
    assert.isUndefined(EpisodeRecord.episode(EpisodeRecord.make(unfinished)))
  })

  it("stores what a prompt adds, and not the task's payload", () => {
    const record = EpisodeRecord.make(attempted([step([1, 2], [3]), step([1, 2, 3, 4], [5]), step([9], [5])]))
    const tokens = record.finished?.steps.map(({ tokens }) => tokens)
    assert.deepStrictEqual(tokens?.map((one) => [one?.prompt, one?.extension]), [
      [[1, 2], undefined],
      [undefined, [4]],
      [[9], undefined]
    ])
    assert.notInclude(JSON.stringify(record), "not recorded")
  })

  it("stores both what a tool says and what the agent was told, where they differ", () => {
    const [first] = EpisodeRecord.make(attempted([step([1], [2])])).finished?.steps ?? []
    const [outcome] = first?.outcomes ?? []
    assert(outcome !== undefined)
    assert.strictEqual(outcome.standard, "no")
    assert.strictEqual(EpisodeRecord.shown(outcome), "no, because")
    assert.strictEqual(EpisodeRecord.shown({ call: "ls()", ok: true, standard: "done" }), "done")
  })

  it("keeps the messages that were not answered", () => {
    assert.deepStrictEqual(EpisodeRecord.make(attempted([step([1], [2])])).finished?.unanswered, [{
      role: "tool",
      content: "no"
    }])
  })

  it("keeps of a failed episode why it failed", () => {
    const { finished: _, ...base } = attempted([])
    const record = EpisodeRecord.make({ ...base, fate: { _tag: "Failed", cause: "deadline", detail: "late" } })
    assert.isUndefined(record.finished)
    assert.deepStrictEqual(record.fate, { _tag: "Failed", cause: "deadline", detail: "late" })
  })
})
