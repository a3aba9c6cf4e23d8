import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Dialogue from "../../../src/domain/chat/Dialogue.ts"

const header = "assistant: "

/** A language of characters, which counts how many it has tokenised. */
const counting = (preservesHistory: boolean) => {
  let encoded = 0
  const language: Dialogue.Language = {
    header,
    stop: [10],
    showsReasoning: false,
    preservesHistory,
    reasoningOf: () => ({ length: 0, empty: true }),
    render: (messages) =>
      Result.succeed(messages.map(({ content, role }) => `${role}: ${content}\n`).join("") + header),
    encode: (text) => {
      encoded += text.length
      return Int32Array.from(text, (character) => character.codePointAt(0) ?? 0)
    }
  }
  return { language, encoded: () => encoded }
}

const lead = (language: Dialogue.Language, turns: number): string => {
  const dialogue = Dialogue.open(language, [])
  let prompt: Int32Array = new Int32Array()
  for (let turn = 0; turn < turns; turn++) {
    prompt = Result.getOrThrow(dialogue.prompt([{ role: "user", content: `question ${turn}` }]))
    dialogue.said(Int32Array.from("answer\n", (character) => character.codePointAt(0) ?? 0))
  }
  return String.fromCodePoint(...prompt)
}

describe("a dialogue", () => {
  it("is what the template makes of the conversation, with what was sampled in its places", () => {
    const expected = "user: question 0\nassistant: answer\nuser: question 1\nassistant: "
    for (const preservesHistory of [true, false]) {
      assert.strictEqual(lead(counting(preservesHistory).language, 2), expected)
    }
  })

  it("is tokenised once, however many prompts it has", () => {
    for (const preservesHistory of [true, false]) {
      const { encoded, language } = counting(preservesHistory)
      const prompt = lead(language, 200)
      assert.isAtMost(encoded(), prompt.length)
    }
  })
})
