/**
 * Makes the base model that tuning starts from.
 *
 * A babbler (domain/drills/Babble) talks in the drills' environment, half of the time with
 * hints; the vocabulary is learned from what was said, and the model from the assistant's
 * part of it. No ground truth is involved, and no scenario of the test and transfer parts.
 */
import { Clock, Effect, Layer } from "effect"
import { actionable } from "../domain/augment/Actionable.ts"
import * as Augment from "../domain/Augmentor.ts"
import { lines } from "../domain/drills/Documents.ts"
import { generate, scenarioOf, sizes, type Story, tell, variants } from "../domain/drills/Drill.ts"
import { prove } from "../domain/drills/Proof.ts"
import { codec, learn, type Vocabulary } from "../domain/drills/Vocabulary.ts"
import * as Words from "../domain/drills/Words.ts"
import { type Datum, Engine } from "../domain/Engine.ts"
import type { Environment } from "../domain/Environment.ts"
import type { Episode } from "../domain/Episode.ts"
import type { Message } from "../domain/Message.ts"
import * as Protocol from "../domain/Protocol.ts"
import * as Seed from "../domain/Seed.ts"
import { ModelConfig } from "../domain/Transformer.ts"
import * as PolicyBabbling from "../layers/PolicyBabbling.ts"
import { rollout } from "./rollout.ts"

export interface Settings {
  readonly seed: number
  readonly conversations: number
  readonly conversationsPerStep: number
  readonly epochs: number
  readonly learningRate: number
  readonly warmupSteps: number
}

export const settings: Omit<Settings, "seed"> = {
  conversations: 20_000,
  conversationsPerStep: 64,
  epochs: 2,
  learningRate: 3e-3,
  warmupSteps: 50
}

/** Who says what, from the first message to the last. */
const transcript = (episode: Episode): ReadonlyArray<Message> =>
  episode.steps.flatMap((step) => [...step.observed, step.completion.message])

const heldOut = (): ReadonlySet<string> =>
  new Set(generate(0, { ...sizes, train: 0 }, prove).map(({ task }) => task.scenario))

const tellAnother = (seed: number, unseen: boolean, known: ReadonlySet<string>): Story => {
  for (let at = seed;; at = Seed.derive(at, "again")) {
    const story = tell(at, unseen)
    if (!known.has(scenarioOf(story))) return story
  }
}

/** One conversation about a story of its own. A share of the stories is about the tools of the transfer part. */
const talk = Effect.fnUntraced(function*(seed: number, avoided: ReadonlySet<string>) {
  const draws = new Seed.Draws(seed)
  const { entry } = draws.pick(variants(tellAnother(seed, draws.chance(0.15), avoided)))
  const task = { id: entry.id, category: entry.category, scenario: "babble", part: "train" as const, payload: entry }
  const episode = yield* rollout(task, {
    seed,
    family: "babble",
    sampling: { temperature: 1, maxTokens: 1 },
    maxSteps: 20
  })
  return transcript(episode)
}, Effect.orDie)

/** The corpus: conversations without and with hints, in turns, none about a scenario that is held out. */
export const corpus = Effect.fn("pretrain.corpus")(function*<E, R>(
  environment: Layer.Layer<Environment, E, R>,
  own: Settings
) {
  const avoided = heldOut()
  const talkAll = (augment: Augment.Augment, parity: number) =>
    Effect.forEach(
      Array.from({ length: own.conversations / 2 }, (_, i) => Seed.derive(own.seed, "babble", 2 * i + parity)),
      (seed) => talk(seed, avoided)
    ).pipe(
      Effect.provide(Layer.mergeAll(environment, PolicyBabbling.layer).pipe(Layer.provide(Augment.layer(augment))))
    )
  const standard = yield* talkAll(Augment.none, 0)
  const hinted = yield* talkAll(actionable, 1)
  return standard.flatMap((conversation, i) => [conversation, hinted[i]!])
})

/**
 * Phrases that are one token wherever they stand: what the protocol says around every result, the end of an error, and
 * what stands between it and a hint. An error is thus the same tokens with and without a hint.
 */
const phrases = [
  ...Protocol.resultsText(["|"]).split("|"),
  "\\\"}",
  " Hint: "
]

const names: ReadonlyArray<string> = [
  ...new Set([
    ...phrases,
    ...lines.keys(),
    ...Words.files,
    ...Words.folders,
    ...Words.texts,
    ...Words.people,
    ...Words.userIds,
    ...Words.cities,
    ...Words.airports,
    ...Words.currencies,
    ...Words.doors,
    ...Words.cardIds,
    ...Words.bookingIds,
    ...Words.tokens,
    ...Words.dates
  ])
]

export const learnVocabulary = (conversations: ReadonlyArray<ReadonlyArray<Message>>): Vocabulary =>
  learn(
    conversations.flatMap((conversation) => conversation.map(({ content }) => content)),
    names,
    { minCount: Math.max(8, conversations.length / 1000), maxPieces: 600 }
  )

/** A conversation as a training sequence: the assistant's tokens carry loss. */
const datumOf = (vocabulary: Vocabulary) => {
  const own = codec(vocabulary)
  return (conversation: ReadonlyArray<Message>): { readonly tokens: Int32Array; readonly mask: Float32Array } => {
    const tokens: Array<number> = []
    const mask: Array<number> = []
    for (const { content, role } of conversation) {
      tokens.push(own.roleId(role === "tool" ? "user" : role))
      mask.push(0)
      for (const id of own.encode(content)) {
        tokens.push(id)
        mask.push(role === "assistant" ? 1 : 0)
      }
    }
    return { tokens: Int32Array.from(tokens), mask: Float32Array.from(mask.slice(1)) }
  }
}

export interface Progress {
  readonly step: number
  readonly steps: number
  /** Nats per token of the assistant. */
  readonly loss: number
  readonly seconds: number
}

/** Trains the engine on conversations; `onStep` hears of every step. */
export const train = Effect.fn("pretrain.train")(function*<E, R>(
  conversations: ReadonlyArray<ReadonlyArray<Message>>,
  vocabulary: Vocabulary,
  own: Settings,
  onStep: (progress: Progress) => Effect.Effect<void, E, R>
) {
  const engine = yield* Engine
  const started = yield* Clock.currentTimeMillis
  const toDatum = datumOf(vocabulary)
  const data = conversations.map(toDatum).filter(({ tokens }) => tokens.length <= engine.info.contextLength)
  const perEpoch = Math.floor(data.length / own.conversationsPerStep)
  const steps = perEpoch * own.epochs
  let order: ReadonlyArray<(typeof data)[number]> = data
  for (let step = 0; step < steps; step++) {
    const at = step % perEpoch
    if (at === 0) order = new Seed.Draws(Seed.derive(own.seed, "epoch", step)).shuffle(data)
    const batch = order.slice(at * own.conversationsPerStep, (at + 1) * own.conversationsPerStep)
    const tokens = batch.reduce((sum, { mask }) => sum + mask.reduce((n, m) => n + m, 0), 0)
    const scored = yield* engine.forwardBackward(
      batch.map(({ mask, tokens: ids }): Datum => ({ tokens: ids, weights: mask.map((m) => m / tokens) }))
    )
    const warm = Math.min(1, (step + 1) / own.warmupSteps)
    yield* engine.optimStep({
      learningRate: own.learningRate * warm * Math.max(0.03, 1 - step / steps),
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0.01,
      clipNorm: 1
    })
    const loss = -scored.reduce((sum, { logprobs }) => sum + logprobs.reduce((n, l) => n + l, 0), 0) / tokens
    const now = yield* Clock.currentTimeMillis
    yield* onStep({ step, steps, loss, seconds: (now - started) / 1000 })
  }
})

/** The base's sizes: about 0.4M parameters. */
export const modelConfig = ({ size }: Vocabulary): ModelConfig =>
  new ModelConfig({
    vocabularySize: size,
    dModel: 96,
    layers: 3,
    heads: 3,
    kvHeads: 3,
    headDim: 32,
    dFeedForward: 256,
    contextLength: 512
  })

export const save = Effect.fn("pretrain.save")(function*(folder: string) {
  const engine = yield* Engine
  yield* engine.save(folder)
})
