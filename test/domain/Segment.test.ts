import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { SampledTokens } from "../../src/domain/Policy.ts"
import * as Segment from "../../src/domain/Segment.ts"
import { episode } from "./Playing.ts"

const Id = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))

/** A step: what is new in its prompt, what was sampled, and whether the prompt starts anew. */
const Step = Schema.Struct({
  added: Schema.Array(Id).check(Schema.isMinLength(1), Schema.isMaxLength(5)),
  sampled: Schema.Array(Id).check(Schema.isMaxLength(5)),
  anew: Schema.Boolean
})
const Steps = Schema.Array(Step).check(Schema.isMaxLength(8))

/** An id that no step has, so that a prompt that begins with it extends nothing. */
const fresh = 10

const play = (steps: typeof Steps.Type) => {
  let context: ReadonlyArray<number> = []
  let breaks = 0
  return steps.map(({ added, anew, sampled }, i): SampledTokens => {
    const prompt = anew ? [fresh + breaks++, ...added] : [...context, ...added]
    context = [...prompt, ...sampled]
    return {
      prompt: Int32Array.from(prompt),
      completion: Int32Array.from(sampled),
      logprobs: Float32Array.from(sampled, (_, j) => -(i + 1) - j / 8)
    }
  })
}

const played = (tokens: ReadonlyArray<SampledTokens>) => episode(tokens.map((each) => ({ code: -1, tokens: each })), 1)

/** Of one segment: the tokens its mask says were sampled, and their log-probs. */
const sampledIn = ({ logprobs, mask, tokens }: Segment.Segment) =>
  Array.from(mask).flatMap((m, t) => m === 1 ? [[tokens[t + 1], logprobs[t]] as const] : [])

describe("Segment", () => {
  it("joins steps whose prompts extend one another", () => {
    const [segment, ...rest] = Segment.fromEpisode(played([
      { prompt: Int32Array.of(1, 2), completion: Int32Array.of(3, 4), logprobs: Float32Array.of(-0.5, -1) },
      { prompt: Int32Array.of(1, 2, 3, 4, 5), completion: Int32Array.of(6), logprobs: Float32Array.of(-2) }
    ]))
    assert.deepStrictEqual(rest, [])
    assert.deepStrictEqual(segment, {
      tokens: Int32Array.of(1, 2, 3, 4, 5, 6),
      mask: Float32Array.of(0, 1, 1, 0, 1),
      logprobs: Float32Array.of(0, -0.5, -1, 0, -2),
      turns: Int32Array.of(0, 0, 0, 0, 0)
    })
  })

  it("starts another where a prompt changes what was said before", () => {
    const segments = Segment.fromEpisode(played([
      { prompt: Int32Array.of(1, 2), completion: Int32Array.of(3), logprobs: Float32Array.of(-1) },
      { prompt: Int32Array.of(1, 9, 3, 4), completion: Int32Array.of(5), logprobs: Float32Array.of(-2) }
    ]))
    assert.deepStrictEqual(segments.map(({ tokens }) => Array.from(tokens)), [[1, 2, 3], [1, 9, 3, 4, 5]])
  })

  it.prop("reproduces every sampled token with its log-prob, once and in order", [Steps], ([steps]) => {
    const tokens = play(steps)
    const sampled = tokens.flatMap(({ completion, logprobs }) =>
      Array.from(completion, (id, i) => [id, logprobs[i]] as const)
    )
    assert.deepStrictEqual(Segment.fromEpisode(played(tokens)).flatMap(sampledIn), sampled)
  })

  it.prop("reproduces every context that something was sampled in", [Steps], ([steps]) => {
    const tokens = play(steps).filter(({ completion }) => completion.length > 0)
    const segments = Segment.fromEpisode(played(tokens)).map((segment) => Array.from(segment.tokens).join())
    for (const { completion, prompt } of tokens) {
      const context = [...prompt, ...completion].join()
      assert.isTrue(segments.some((segment) => segment === context || segment.startsWith(`${context},`)))
    }
  })

  it.prop("has as many segments as contexts that extend nothing", [Steps], ([steps]) => {
    const spoken = play(steps).map(({ completion }, i) => ({ spoke: completion.length > 0, anew: steps[i]!.anew }))
    let count = 0
    let since = true
    for (const { anew, spoke } of spoken) {
      since ||= anew
      if (spoke && since) {
        count += 1
        since = false
      }
    }
    assert.strictEqual(Segment.fromEpisode(played(play(steps))).length, count)
    assert.strictEqual(Segment.breaks(played(play(steps))), Math.max(0, count - 1))
  })

  it.prop("has one mask and log-prob for each predicted token", [Steps], ([steps]) => {
    for (const { logprobs, mask, tokens } of Segment.fromEpisode(played(play(steps)))) {
      assert.strictEqual(mask.length, tokens.length - 1)
      assert.strictEqual(logprobs.length, tokens.length - 1)
      assert.isTrue(mask.every((m, t) => m === 1 || logprobs[t] === 0))
    }
  })

  it("knows the user turn of every sampled token", () => {
    const [first, second] = play([
      { added: [1], sampled: [2, 3], anew: false },
      { added: [4], sampled: [5], anew: false }
    ])
    const [segment] = Segment.fromEpisode(episode([{ code: 1, tokens: first! }, { code: 0, tokens: second! }], 2))
    assert.deepStrictEqual(segment?.mask, Float32Array.of(1, 1, 0, 1))
    assert.deepStrictEqual(segment?.turns, Int32Array.of(0, 0, 0, 1))
  })

  it("has nothing to train on without tokens", () => {
    assert.deepStrictEqual(Segment.fromEpisode(episode([{ code: -1 }, { code: 1 }], 1)), [])
  })
})
