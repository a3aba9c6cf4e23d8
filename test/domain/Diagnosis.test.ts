import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import { diagnose, type Label, labels } from "../../src/domain/Diagnosis.ts"
import { generate } from "../../src/domain/drills/Drill.ts"
import type { Verdict } from "../../src/domain/Environment.ts"
import * as Episode from "../../src/domain/Episode.ts"
import * as EpisodeRecord from "../../src/domain/EpisodeRecord.ts"
import * as Protocol from "../../src/domain/Protocol.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as Drills from "../../src/layers/Drills.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { rollout } from "../../src/programs/rollout.ts"
import { episode } from "./Playing.ts"

const tasks = generate(1, { train: 0, test: 14, transfer: 0 }, () => true).map(({ task }) => task)

const drill = (id: string) => {
  const task = tasks.find((task) => task.id === id)
  if (task === undefined) throw new RangeError(`there is no ${id}`)
  return task
}

const environment = Layer.provide(Drills.environment, Augmentor.layerNone)

/** Says the messages in order, then answers. */
const saying = (messages: ReadonlyArray<string>) =>
  PolicyScripted.layer((conversation) =>
    messages[conversation.filter(({ role }) => role === "assistant").length] ?? Protocol.answer("Done.")
  )

const play = (id: string, messages: ReadonlyArray<string>, maxSteps = 40) =>
  rollout(drill(id), { seed: 1, maxSteps }).pipe(Effect.provide([environment, saying(messages)]))

const call = Protocol.call
const malformed = "I do not know."

/** "I no longer need temp/budget.csv." takes cd(folder='temp') and rm(file_name='budget.csv'). */
const removing = "drill_test_base_5"
/** "This is USR003. Search my messages for hello." takes message_login and search_messages. */
const searching = "drill_test_base_11"

const cases: Readonly<
  Record<
    Label,
    ReadonlyArray<readonly [what: string, task: string, messages: ReadonlyArray<string>, maxSteps?: number]>
  >
> = {
  should_have_asked: [
    ["the tool is not there yet, and another one is called", "drill_test_miss_func_5", [call("cd", { folder: "temp" })]]
  ],
  malformed: [
    ["no message can be read", removing, [malformed, malformed, malformed, malformed, malformed, malformed]],
    ["after one that cannot be read it gives up", removing, [malformed]],
    ["not even a question can be asked", "drill_test_miss_param_5", Array.from({ length: 6 }, () => malformed)]
  ],
  unknown_tool: [
    ["a tool of another name", removing, [call("delete", { file_name: "budget.csv" })]],
    ["a name that the executor refuses", removing, [call("remove", { file_name: "budget.csv" })]]
  ],
  bad_arguments: [
    ["an argument is missing", removing, [call("cd", { folder: "temp" }), call("rm")]],
    ["an argument has another name", removing, [call("cd", { folder: "temp" }), call("rm", { name: "budget.csv" })]],
    ["an argument has another type", removing, [call("cd", { folder: 7 })]]
  ],
  execution_error: [
    ["a path where only a name is understood", removing, [call("rm", { file_name: "temp/budget.csv" })]],
    ["nobody has logged in", searching, [call("search_messages", { keyword: "hello" })]],
    [
      "the same mistake until the limit",
      searching,
      Array.from({ length: 6 }, () => call("search_messages", { keyword: "hello" }))
    ]
  ],
  hung: [
    ["calls that run until the limit", removing, Array.from({ length: 6 }, () => call("ls"))],
    ["no step is left", removing, [call("ls"), call("ls")], 2],
    ["no step is left for the first one", removing, [], 0]
  ],
  missing_call: [
    ["no call at all", removing, []],
    ["one of two calls", removing, [call("cd", { folder: "temp" })]],
    ["a call that fails and that nobody asked for", removing, [call("cat", { file_name: "nothing" })]]
  ],
  extra_call: [
    [
      "something is created beside what was asked for",
      removing,
      [call("cd", { folder: "temp" }), call("rm", { file_name: "budget.csv" }), call("touch", { file_name: "new.txt" })]
    ]
  ],
  wrong_state: [
    [
      "the right tools with other values",
      "drill_test_base_13",
      [call("touch", { file_name: "date.csv" }), Protocol.answer("Done."), call("cd", { folder: "work" })]
    ],
    [
      "the state that an earlier turn left",
      "drill_test_base_9",
      [
        call("adjustClimateControl", { temperature: 19 }),
        Protocol.answer("Done."),
        call("pressBrakePedal", { pedalPosition: 1 }),
        call("startEngine", { ignitionMode: "START" })
      ]
    ]
  ],
  missing_response: [
    [
      "a search for another word",
      searching,
      [call("message_login", { user_id: "USR003" }), call("search_messages", { keyword: "bye" })]
    ]
  ]
}

describe("a diagnosis", () => {
  for (const label of labels) {
    for (const [what, task, messages, maxSteps] of cases[label]) {
      it.effect(`is ${label} where ${what}`, () =>
        Effect.gen(function*() {
          const diagnoses = diagnose(Episode.trace(yield* play(task, messages, maxSteps)))
          assert.strictEqual(diagnoses[0]?.label, label)
        }))
    }
  }

  it.effect("is of the state in every turn after the one that spoiled it", () =>
    Effect.gen(function*() {
      const messages = cases.wrong_state[1]![2]
      assert.deepStrictEqual(diagnose(Episode.trace(yield* play("drill_test_base_9", messages))), [
        { turn: 0, label: "wrong_state" },
        { turn: 1, label: "wrong_state" }
      ])
    }))

  it.effect("is not made of a mistake that was made good", () =>
    Effect.gen(function*() {
      const messages = [
        malformed,
        call("rm", { file_name: "temp/budget.csv" }),
        call("cd", { folder: "temp" }),
        call("rm", { file_name: "budget.csv" })
      ]
      assert.deepStrictEqual(diagnose(Episode.trace(yield* play(removing, messages))), [])
    }))

  it("is none for a turn that nobody judged", () => {
    const verdicts: ReadonlyArray<Verdict> = [{ turn: 0, passed: false, failure: "no_call", expected: ["ls()"] }, {
      turn: 1,
      passed: false,
      failure: "unchecked",
      expected: ["ls()"]
    }]
    const steps = verdicts.map((verdict) => ({ turn: verdict.turn, code: 0, outcomes: [], verdict } as const))
    assert.deepStrictEqual(diagnose({ stop: "completed", steps }), [{ turn: 0, label: "missing_call" }])
  })

  it("needs no ground truth", () => {
    const failing = { call: "f()", tool: "f", ok: false, standard: "no", shown: "no", failure: "precondition" }
    const played = episode([{ code: -1, outcomes: [failing] }, { code: 0 }, { code: 0 }], 2)
    assert.deepStrictEqual(diagnose(Episode.trace(played)).map(({ label }) => label), [
      "execution_error",
      "wrong_state"
    ])
  })

  it.effect.prop(
    "is one for each turn that failed, and the same for the episode and its record",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: tasks.length - 1 })),
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 }))).check(Schema.isMaxLength(14)),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
    ],
    ([at, said, maxSteps]) =>
      Effect.gen(function*() {
        const pool = [
          malformed,
          Protocol.answer("Done."),
          call("ls"),
          call("cd", { folder: "temp" }),
          call("rm", { file_name: "temp/budget.csv" }),
          call("startEngine", {}),
          call("fly"),
          "<think></think><tool_call>[]</tool_call>"
        ]
        const task = tasks[at]!
        const played = yield* play(task.id, said.map((one) => pool[one]!), maxSteps)
        const diagnoses = diagnose(Episode.trace(played))
        const verdicts = Episode.verdicts(played)
        const failed = [
          ...verdicts.flatMap(({ passed, turn }) => passed ? [] : [turn]),
          ...(played.stop === "completed" ? [] : [verdicts.length])
        ]
        assert.deepStrictEqual(diagnoses.map(({ turn }) => turn), failed)
        const { finished } = EpisodeRecord.make({
          id: "id",
          stage: "s",
          step: 0,
          member: 0,
          task,
          seed: 1,
          attempts: 1,
          finished: { episode: played, score: Reward.progress(played) },
          fate: { _tag: "Filtered", cause: "no_signal" }
        })
        assert.isDefined(finished)
        if (finished !== undefined) assert.deepStrictEqual(diagnose(finished), diagnoses)
      })
  )
})
