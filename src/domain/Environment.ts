/**
 * The world an agent acts in.
 *
 * `open` starts one episode; the session it returns is used once and released with its
 * scope. The session owns what the model sees: the opening, and after every assistant
 * message the next messages. A tool call that fails, a malformed message or a limit is an
 * observation, never an error of this port.
 */
import type { Effect, Scope } from "effect"
import { Context, Schema } from "effect"
import type { Advice } from "./Augmentor.ts"
import type { Message, ToolDocument } from "./Message.ts"
import type { Task } from "./Task.ts"

/** The simulator broke; another attempt may work (a container died, a port was taken). */
export class SimulatorCrashed extends Schema.TaggedError<SimulatorCrashed>()("SimulatorCrashed", {
  task: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `the simulator of task ${this.task} crashed: ${String(this.cause)}`
  }
  readonly isRetryable = true
}

/** The task is not one this environment can open. */
export class TaskUnusable extends Schema.TaggedError<TaskUnusable>()("TaskUnusable", {
  task: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `task ${this.task} cannot be opened: ${this.detail}`
  }
  readonly isRetryable = false
}

export class EnvironmentError extends Schema.TaggedError<EnvironmentError>()("EnvironmentError", {
  reason: Schema.Union([SimulatorCrashed, TaskUnusable])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

/** What a tool did, and what the agent was told about it. */
export interface Outcome {
  /** The call as text, `cd(folder='docs')`. */
  readonly call: string
  readonly tool?: string
  readonly ok: boolean
  /** The result without augmentation. Verdicts and step codes follow from it alone. */
  readonly standard: string
  /** What the agent was told; the same text object as `standard` unless a hint spoke. */
  readonly shown: string
  /** What kind of failure it was, for a failed call. */
  readonly failure?: string
  /** The id of the augmentation rule that spoke. */
  readonly hint?: string
  /** What that rule asks for, where it says so. */
  readonly advice?: Advice
}

/** The check of a turn that has just ended. */
export interface Verdict {
  readonly turn: number
  readonly passed: boolean
  /** Why not, in a word the environment defines (`state`, `response`, `no_call`, `called_when_asked_not_to`); absent when passed. */
  readonly failure?: string
  readonly detail?: string
  /** Of a turn that failed: the calls of its ground truth, where the environment has one; none where the agent had to ask. */
  readonly expected?: ReadonlyArray<string>
}

/**
 * What a step was (the paper's step codes): -3 malformed, -2 a call with an execution
 * error, -1 calls that ran, 0 / 1 the turn ended failed / passed.
 */
export type StepCode = -3 | -2 | -1 | 0 | 1

export interface Transition {
  readonly code: StepCode
  /** What the agent reads next; empty when the episode is over. */
  readonly messages: ReadonlyArray<Message>
  readonly outcomes: ReadonlyArray<Outcome>
  readonly verdict?: Verdict
  readonly done: boolean
}

export interface Opening {
  readonly messages: ReadonlyArray<Message>
  /** The tools the agent may call at the start. */
  readonly tools: ReadonlyArray<ToolDocument>
  /** How many user turns the episode has. */
  readonly turns: number
}

export interface Session {
  readonly start: Opening
  /** Plays one assistant message. Must not be called again once a transition said `done`. */
  readonly step: (message: Message) => Effect.Effect<Transition, EnvironmentError>
}

export class Environment extends Context.Service<Environment, {
  readonly open: (task: Task, seed: number) => Effect.Effect<Session, EnvironmentError, Scope.Scope>
}>()("envtune/domain/Environment") {}
