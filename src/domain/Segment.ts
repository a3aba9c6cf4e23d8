/**
 * What an episode is to a trainer: token sequences.
 *
 * As long as every step's prompt extends the one before and its completion, an episode is
 * one sequence. A prompt that does not (a template that drops old reasoning, a truncated
 * history) starts another; nothing is ever tokenised again.
 */
import type { Episode } from "./Episode.ts"
import type { SampledTokens } from "./Policy.ts"

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

/** Whether a prompt begins with the prompt and the completion of a step before it. */
export const extendsStep = (prompt: Int32Array, { completion, prompt: start }: SampledTokens): boolean => {
  if (prompt.length < start.length + completion.length) return false
  for (let i = 0; i < start.length; i++) if (prompt[i] !== start[i]) return false
  for (let i = 0; i < completion.length; i++) if (prompt[start.length + i] !== completion[i]) return false
  return true
}

interface Sampled {
  readonly tokens: SampledTokens
  readonly turn: number
}

/** Steps of which each extends the one before: the last one's context is the whole sequence. */
const segmentOf = (steps: ReadonlyArray<Sampled>, { completion: end, prompt: context }: SampledTokens): Segment => {
  const tokens = new Int32Array(context.length + end.length)
  tokens.set(context)
  tokens.set(end, context.length)
  const mask = new Float32Array(tokens.length - 1)
  const logprobs = new Float32Array(tokens.length - 1)
  const turns = new Int32Array(tokens.length - 1)
  for (const { tokens: { completion, logprobs: values, prompt }, turn } of steps) {
    const at = prompt.length - 1
    mask.fill(1, at, at + completion.length)
    logprobs.set(values, at)
    turns.fill(turn, at, at + completion.length)
  }
  return { tokens, mask, logprobs, turns }
}

/** The steps of an episode in which something was sampled, each run of them extending the one before. */
const runsOf = (episode: Episode): ReadonlyArray<ReadonlyArray<Sampled>> => {
  const runs: Array<Array<Sampled>> = []
  for (const { completion: { tokens }, turn } of episode.steps) {
    if (tokens === undefined || tokens.completion.length === 0) continue
    const run = runs.at(-1)
    const last = run?.at(-1)?.tokens
    if (run !== undefined && last !== undefined && extendsStep(tokens.prompt, last)) run.push({ tokens, turn })
    else runs.push([{ tokens, turn }])
  }
  return runs
}

/** The segments of an episode, in order; none when its policy has no tokens. */
export const fromEpisode = (episode: Episode): ReadonlyArray<Segment> =>
  runsOf(episode).flatMap((run) => {
    const last = run.at(-1)?.tokens
    return last === undefined ? [] : [segmentOf(run, last)]
  })

/** How often an episode started another segment, because a prompt did not extend the step before it. */
export const breaks = (episode: Episode): number => Math.max(0, runsOf(episode).length - 1)
