/**
 * What a run will take, said before it starts: requests, tokens, updates and GPU hours, each between the least that a
 * stage can do and the most that its rules allow.
 *
 * GPU time follows from floating-point operations alone: 2 a parameter and token to read or to sample, 6 to train, 2 more
 * because activations are computed again, and 2 for each further pass over what is trained; divided by what the GPU can
 * do and by how much of that such work reaches in practice. It is the right order of magnitude, and no promise.
 */
import type { Advance } from "./Advance.ts"
import type { Settings } from "./Curriculum.ts"
import * as Grpo from "./Grpo.ts"
import { idle, type StepReport } from "./Report.ts"

/** A report that no rule is content with: the reward is far below every bound, and rises. */
const discontent = (step: number): StepReport => ({
  ...idle,
  stageStep: step,
  step,
  ledger: { attempted: 2, trained: 2, filtered: {}, failed: {} },
  groups: { collected: 1, trained: 1, refillRounds: 0 },
  reward: { n: 2, mean: -1e9 + step, variance: 0 },
  success: { n: 2, passed: 0 },
  turns: { n: 2, passed: 0 }
})

/** Rules that end later than this are taken to have no bound. */
const endless = 1 << 16

/** How many steps a stage takes when nothing that it waits for happens; undefined when it would wait for ever. */
export const boundOf = (advance: Advance): number | undefined => {
  const reports: Array<StepReport> = []
  const overAfter = (steps: number): boolean => {
    while (reports.length < steps) reports.push(discontent(reports.length))
    return advance(reports.slice(0, steps)).over
  }
  let most = 1
  while (!overAfter(most)) {
    most *= 2
    if (most > endless) return undefined
  }
  let least = Math.floor(most / 2)
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2)
    if (overAfter(middle)) most = middle
    else least = middle
  }
  return most
}

/** Means over tasks. Of episodes that do what the ground truth does: a model that tries again takes more. */
export interface EpisodeSize {
  /** Assistant messages. */
  readonly steps: number
  /** Tokens of the whole conversation. */
  readonly context: number
  /** Tokens of the assistant's messages among them. */
  readonly sampled: number
}

export interface Range {
  readonly least: number
  readonly most: number
}

export interface StageForecast {
  readonly updates: number
  /** The least without groups in the place of those that have nothing to teach, the most with all that are allowed. */
  readonly episodes: Range
  /** To the sampler, one for each assistant message. */
  readonly requests: Range
  /** A conversation is read once where the sampler keeps its prefix; otherwise once for each request. */
  readonly readTokens: Range
  readonly sampledTokens: Range
  /** Tokens of the sequences that are trained on, prompts included. */
  readonly trainedTokens: number
  /** Passes over them without gradient, for each with gradient: log-probs of the policy now, and of the frozen start. */
  readonly passes: number
  /** Passes of a batch's update that the engine's own clipped loss saves, a request of the server or more each. */
  readonly savedPasses: number
}

const measuredShare = 1 / 8

/** How an engine computes what it is asked for. */
export interface Computing {
  /** Passes before one with gradient. */
  readonly forwardPasses: number
  /** Whether it has a clipped loss. */
  readonly ppo: boolean
  /** Whether it keeps a frozen start. */
  readonly reference: boolean
}

const readTokens = (episodes: Range, { context, sampled, steps }: EpisodeSize): Range => ({
  least: episodes.least * (context - sampled),
  most: episodes.most * (context - sampled) * Math.max(1, (steps + 1) / 2)
})

/** A stage of so many updates. */
export const ofStage = (
  { groupSize, maxStaleness, optimization: { loss, updatesPerBatch }, refillRounds, tasksPerStep }: Settings,
  updates: number,
  size: EpisodeSize,
  { forwardPasses, ppo, reference }: Computing
): StageForecast => {
  // Weights that have moved since they sampled must be asked for their log-probs.
  const moved = maxStaleness > 0 ? 1 : (updatesPerBatch - 1) / updatesPerBatch
  const linear = forwardPasses + moved
  const clipped = ppo && Grpo.isPpo(loss)
  const least = updates * tasksPerStep * groupSize
  const most = least * (1 + refillRounds)
  const ranging = (perEpisode: number): Range => ({ least: least * perEpisode, most: most * perEpisode })
  return {
    updates: updates * updatesPerBatch,
    episodes: { least, most },
    requests: ranging(size.steps),
    readTokens: readTokens({ least, most }, size),
    sampledTokens: ranging(size.sampled),
    trainedTokens: least * size.context,
    passes: (clipped ? 0 : linear) + (!reference ? 0 : loss.klCoefficient > 0 ? 1 : measuredShare),
    savedPasses: clipped ? Math.round(updates * updatesPerBatch * linear) : 0
  }
}

/** Episodes that are played and not trained on. */
export const ofEvaluation = (episodes: number, { context, sampled, steps }: EpisodeSize): StageForecast => {
  const exactly = (perEpisode: number): Range => ({ least: episodes * perEpisode, most: episodes * perEpisode })
  return {
    updates: 0,
    episodes: exactly(1),
    requests: exactly(steps),
    readTokens: readTokens({ least: episodes, most: episodes }, { context, sampled, steps }),
    sampledTokens: exactly(sampled),
    trainedTokens: 0,
    passes: 0,
    savedPasses: 0
  }
}

const plus = (a: Range, b: Range): Range => ({ least: a.least + b.least, most: a.most + b.most })

/** What all stages take together; `passes` is their mean over trained tokens. */
export const total = (stages: ReadonlyArray<StageForecast>): StageForecast => {
  const trainedTokens = stages.reduce((sum, stage) => sum + stage.trainedTokens, 0)
  const sum = (range: (stage: StageForecast) => Range): Range => stages.map(range).reduce(plus, { least: 0, most: 0 })
  return {
    updates: stages.reduce((sum, stage) => sum + stage.updates, 0),
    episodes: sum(({ episodes }) => episodes),
    requests: sum(({ requests }) => requests),
    readTokens: sum(({ readTokens }) => readTokens),
    sampledTokens: sum(({ sampledTokens }) => sampledTokens),
    trainedTokens,
    savedPasses: stages.reduce((sum, stage) => sum + stage.savedPasses, 0),
    passes: stages.reduce((sum, stage) => sum + stage.passes * stage.trainedTokens, 0) / Math.max(1, trainedTokens)
  }
}

/** Dense bfloat16 operations a second, by their makers' data sheets. */
export const gpus = { a100: 312e12, h100: 989e12, h200: 989e12, b200: 2250e12 } as const
export type Gpu = keyof typeof gpus

/** Share of those operations that reading and training reach; and sampling, which waits for memory. */
export const utilisation = { reading: 0.35, training: 0.35, sampling: 0.05 } as const

/** Hours of one GPU for a model of so many parameters. */
export const gpuHours = (
  { passes, readTokens, sampledTokens, trainedTokens }: StageForecast,
  parameters: number,
  gpu: Gpu
): Range => {
  const hours = (operations: number, share: number) => parameters * operations / (gpus[gpu] * share) / 3600
  const training = hours((8 + 2 * passes) * trainedTokens, utilisation.training)
  const of = (end: keyof Range) =>
    training + hours(2 * readTokens[end], utilisation.reading) + hours(2 * sampledTokens[end], utilisation.sampling)
  return { least: of("least"), most: of("most") }
}
