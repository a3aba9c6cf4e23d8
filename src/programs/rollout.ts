/** Plays one task to the end: environment and policy in one scope, step by step. */
import { Effect } from "effect"
import { Environment } from "../domain/Environment.ts"
import type { Episode, Step, StopReason } from "../domain/Episode.ts"
import type { Message } from "../domain/Message.ts"
import { Policy, type Sampling } from "../domain/Policy.ts"
import * as Seed from "../domain/Seed.ts"
import type { Task } from "../domain/Task.ts"
import { type Move, moves } from "../domain/UnderWay.ts"

export interface RolloutOptions {
  readonly seed: number
  /** Shared by the episodes of one group, so that an engine can share their prefix; the task's id when absent. */
  readonly family?: string
  /** Temperature 1 and 1024 tokens a message when absent. */
  readonly sampling?: Sampling
  /** Assistant messages at most; 100 when absent. */
  readonly maxSteps?: number
  /** Hears how the attempt begins, and of every message. */
  readonly moved?: (move: Move) => void
}

/** One attempt at one episode. What it acquires (a session, an actor) is released when it ends, however it ends. */
export const rollout = Effect.fnUntraced(
  function*(task: Task, options: RolloutOptions) {
    const { family = task.id, maxSteps = 100, moved, sampling = { temperature: 1, maxTokens: 1024 }, seed } = options
    moved?.(moves.begins)
    const environment = yield* Environment
    const policy = yield* Policy
    const session = yield* environment.open(task, Seed.derive(seed, "environment"))
    const actor = yield* policy.open({
      task,
      tools: session.start.tools,
      seed: Seed.derive(seed, "policy"),
      family,
      sampling
    })
    const steps: Array<Step> = []
    let observed: ReadonlyArray<Message> = session.start.messages
    let turn = 0
    let stop: StopReason = "steps"
    while (steps.length < maxSteps) {
      const completion = yield* actor.act(observed)
      if (completion.stop === "context") {
        stop = "context"
        break
      }
      const transition = yield* session.step(completion.message)
      steps.push({ turn, observed, completion, transition })
      moved?.(transition.verdict === undefined ? moves.speaks : moves.endsTurn)
      if (transition.done) {
        stop = "completed"
        break
      }
      if (transition.verdict !== undefined) turn = transition.verdict.turn + 1
      observed = transition.messages
    }
    const episode: Episode = { task, seed, turns: session.start.turns, steps, stop }
    return episode
  },
  Effect.scoped
)
