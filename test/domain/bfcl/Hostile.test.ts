import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { actionable } from "../../../src/domain/augment/Actionable.ts"
import * as Knowledge from "../../../src/domain/augment/Knowledge.ts"
import { type Decoded, functionCalls, promptingCalls, qwenCalls } from "../../../src/domain/bfcl/Decode.ts"
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import * as Interaction from "../../../src/domain/bfcl/Interaction.ts"
import { tell } from "../../../src/domain/bfcl/Telling.ts"
import { classNames, toolsetOf } from "../../../src/domain/bfcl/Toolsets.ts"
import { longContext } from "../../../src/domain/drills/LongContext.ts"
import { resultsText } from "../../../src/domain/Protocol.ts"
import { Draws } from "../../../src/domain/Seed.ts"
import { subjects } from "../augment/Failing.ts"
import { again, type Hostile, hostile } from "./hostile.ts"

const toolsets = classNames.map((name) => toolsetOf(name)!)
const knowledge = Knowledge.make(subjects.flatMap(({ documents }) => documents), toolsets)

/** Strings of an episode, and episodes: ten thousand strings. */
const length = 25
const episodes = 400

/** Of CPU. What else the machine does, and code that has yet to be compiled, can make any one measurement longer. */
const maximumMilliseconds = 10
const measurements = 3

const sum = "add(a=1, b=2)"
const question = { role: "user", content: "What is 1 + 2?" } as const

/** All eight tool sets, and a turn for every string. */
const entryOf = (isLong: boolean): Entry => ({
  id: `multi_turn_${isLong ? "long_context" : "base"}_0`,
  category: isLong ? "long_context" : "base",
  scenario: 0,
  classes: classNames,
  initialConfig: "{}",
  turns: Array.from({ length: length * measurements + 1 }, () => ({
    messages: [question],
    revealed: [],
    groundTruth: [sum]
  })),
  longContext: isLong
})

const decoded = (written: Exclude<Hostile, { readonly form: "text" | "paper" }>): Decoded => {
  if (written.form === "json") return functionCalls([written])
  return written.form === "qwen" ? qwenCalls(written.content) : promptingCalls(written.content)
}

/** An agent at work: every string gives what the agent reads of it, hints included. */
class Agent {
  private conversation: Interaction.Conversation

  constructor(entry: Entry) {
    this.conversation = Interaction.start(entry, entry.turns.map(() => question.content), { longContext })
  }

  read(written: Hostile): string {
    if (written.form === "paper") return this.step(written.content)
    const calls = written.form === "text" ? Result.succeed([written.call]) : decoded(written)
    return Result.isFailure(calls) ? calls.failure.message : resultsText(calls.success.map((call) => this.call(call)))
  }

  call(text: string): string {
    return tell(execute(this.conversation.model, text), actionable, knowledge).text
  }

  private step(message: string): string {
    const { content, next } = Interaction.step(
      this.conversation,
      message,
      (outcome) => tell(outcome, actionable, knowledge).text
    )
    this.conversation = next
    return content
  }
}

/** Milliseconds of CPU that a function takes in this thread. */
const spent = (run: () => unknown): number => {
  const before = process.threadCpuUsage()
  run()
  const { system, user } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

/** The least of some measurements, each of a text that is new. */
const quickest = (agent: Agent, written: Hostile): number => {
  let next = written
  let least = Infinity
  for (let i = 0; i < measurements && least > maximumMilliseconds; i++) {
    least = Math.min(least, spent(() => assert.isString(agent.read(next))))
    next = again(next)
  }
  return least
}

describe("whatever a model writes", () => {
  it("ends in a text within milliseconds, and the session goes on", () => {
    for (let seed = 0; seed < episodes; seed++) {
      const draws = new Draws(seed)
      const agent = new Agent(entryOf(seed % 2 === 1))
      for (let i = 0; i < length; i++) {
        const written = hostile(draws, toolsets)
        const milliseconds = quickest(agent, written)
        if (milliseconds > maximumMilliseconds) {
          assert.fail(`seed ${seed}: ${milliseconds} ms for ${JSON.stringify(written).slice(0, 500)}`)
        }
      }
      assert.strictEqual(agent.call(sum), "{\"result\": 3}")
    }
  })
})
