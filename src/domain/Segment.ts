/**
 * What an episode is to a trainer: token sequences.
 *
 * As long as every step's prompt extends the one before and its completion, an episode is
 * one sequence. A prompt that does not (a template that drops old reasoning, a truncated
 * history) starts another; nothing is ever tokenised again.
 */
import type { Episode } from "./Episode.ts"

/** T + 1 token ids; entry t of `mask` and `logprobs` is about predicting `tokens[t + 1]`. */
export interface Segment {
  readonly tokens: Int32Array
  /** 1 where the policy sampled the predicted token. */
  readonly mask: Float32Array
  /** Under the sampling policy; 0 where the mask is 0. */
  readonly logprobs: Float32Array
  /** The user turn that a sampled token belongs to; 0 where the mask is 0. */
  readonly turns: Int32Array
}

interface Building {
  readonly tokens: Array<number>
  /** Where sampled tokens begin, and their log-probs. */
  readonly sampled: Array<{ readonly at: number; readonly turn: number; readonly logprobs: Float32Array }>
}

const extendsContext = (context: ReadonlyArray<number>, prompt: Int32Array): boolean => {
  if (prompt.length < context.length) return false
  for (let i = 0; i < context.length; i++) if (prompt[i] !== context[i]) return false
  return true
}

const finish = ({ sampled, tokens }: Building): Segment => {
  const mask = new Float32Array(tokens.length - 1)
  const logprobs = new Float32Array(tokens.length - 1)
  const turns = new Int32Array(tokens.length - 1)
  for (const { at, logprobs: values, turn } of sampled) {
    for (let i = 0; i < values.length; i++) {
      mask[at + i - 1] = 1
      logprobs[at + i - 1] = values[i]!
      turns[at + i - 1] = turn
    }
  }
  return { tokens: Int32Array.from(tokens), mask, logprobs, turns }
}

/** The segments of an episode, in order; none when its policy has no tokens. */
export const fromEpisode = (episode: Episode): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = []
  let current: Building | undefined
  for (const { completion, turn } of episode.steps) {
    if (completion.tokens === undefined || completion.tokens.completion.length === 0) continue
    const { completion: sampled, logprobs, prompt } = completion.tokens
    if (current === undefined || !extendsContext(current.tokens, prompt)) {
      if (current !== undefined) segments.push(finish(current))
      current = { tokens: [...prompt], sampled: [] }
    } else {
      for (let i = current.tokens.length; i < prompt.length; i++) current.tokens.push(prompt[i]!)
    }
    current.sampled.push({ at: current.tokens.length, turn, logprobs })
    for (const token of sampled) current.tokens.push(token)
  }
  if (current !== undefined) segments.push(finish(current))
  return segments
}
