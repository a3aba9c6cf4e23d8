/**
 * The agent: from a conversation to its next message.
 *
 * A policy is opened once per episode, so an adapter can keep what it needs between steps
 * (the token ids so far, a KV session, a chat transcript) and release it with the scope.
 */
import type { Scope } from "effect"
import { Context, Effect, Schema } from "effect"
import type { Message, ToolDocument } from "./Message.ts"
import type { Task } from "./Task.ts"

/** The model did not answer; asking again may work. */
export class PolicyUnavailable extends Schema.TaggedError<PolicyUnavailable>()("PolicyUnavailable", {
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `the policy did not answer: ${this.detail}`
  }
  readonly isRetryable = true
}

/** The policy cannot play this task, however often it is asked. */
export class PolicyRefused extends Schema.TaggedError<PolicyRefused>()("PolicyRefused", {
  detail: Schema.String
}) {
  override get message() {
    return `the policy cannot play this task: ${this.detail}`
  }
  readonly isRetryable = false
}

export class PolicyError extends Schema.TaggedError<PolicyError>()("PolicyError", {
  reason: Schema.Union([PolicyUnavailable, PolicyRefused])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

/** Token ids of one step: the whole context, what was sampled after it, and its log-probs under the sampling policy. */
export interface SampledTokens {
  readonly prompt: Int32Array
  readonly completion: Int32Array
  readonly logprobs: Float32Array
}

/** Tokens of one step as whoever sampled them counts them. */
export const Usage = Schema.Struct({
  /** The whole context. */
  prompt: Schema.Natural,
  /** Of `prompt`: read from a cache. */
  cached: Schema.Natural,
  /** What was sampled, thoughts included. */
  completion: Schema.Natural
})
export type Usage = typeof Usage.Type

export interface Completion {
  readonly message: Message
  /** Present when the sampler has tokens; training needs them. */
  readonly tokens?: SampledTokens
  /** Present when a server counted, and not needed beside `tokens`. */
  readonly usage?: Usage
  /** `length`: cut by the token limit. `context`: no room was left, and the message is empty. */
  readonly stop: "stop" | "length" | "context"
}

/** What stands for a message where there was no room for one. */
export const outOfContext: Completion = { message: { role: "assistant", content: "" }, stop: "context" }

/** How many tokens a step took, where anybody knows. */
export const usageOf = ({ tokens, usage }: Completion): Usage | undefined =>
  tokens === undefined ? usage : { prompt: tokens.prompt.length, cached: 0, completion: tokens.completion.length }

/** How to sample, the same for every step of an episode. */
export interface Sampling {
  readonly temperature: number
  /** New tokens per step at most. */
  readonly maxTokens: number
}

export interface EpisodeContext {
  readonly task: Task
  readonly tools: ReadonlyArray<ToolDocument>
  readonly seed: number
  /** Shared by the episodes of one group. */
  readonly family: string
  readonly sampling: Sampling
}

export interface Actor {
  /** Answers the messages that are new since the last call; the first call brings the opening. */
  readonly act: (messages: ReadonlyArray<Message>) => Effect.Effect<Completion, PolicyError>
}

/** Plays episodes. */
export interface Player {
  readonly open: (context: EpisodeContext) => Effect.Effect<Actor, PolicyError, Scope.Scope>
}

export class Policy extends Context.Service<
  Policy,
  Player & {
    /** Plays every episode with the weights that the policy has now, however it is trained meanwhile. Absent where nothing trains it. */
    readonly snapshot?: Effect.Effect<Player>
  }
>()("envtune/domain/Policy") {}

/** The policy as it is now. */
export const asItIs = (policy: Policy["Service"]): Effect.Effect<Player> => policy.snapshot ?? Effect.succeed(policy)
