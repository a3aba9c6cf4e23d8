/**
 * The smallest environment that has everything: turns, calls that fail and are explained,
 * verdicts, and no protocol to speak. For tests of policies and programs; EnvironmentTools makes one of your own.
 *
 * A task's payload says what is asked and what the right answer is, turn by turn. The agent
 * writes `call NAME` to call a tool, of which only `tools` exist; any other message answers
 * the turn, and passes if it is the right answer.
 */
import { Effect, Layer, Result, Schema } from "effect"
import { Augmentor, type FailedCall } from "../domain/Augmentor.ts"
import {
  Environment,
  EnvironmentError,
  type Outcome,
  type Session,
  TaskUnusable,
  type Transition
} from "../domain/Environment.ts"
import type { ToolDocument } from "../domain/Message.ts"
import type { Task } from "../domain/Task.ts"

const Payload = Schema.Struct({
  tools: Schema.Array(Schema.String),
  turns: Schema.Array(Schema.Struct({ ask: Schema.String, expect: Schema.String }))
})

const decodePayload = Schema.decodeUnknownResult(Payload)

const open = (task: Task, augmentor: Augmentor["Service"]): Effect.Effect<Session, EnvironmentError> => {
  const payload = decodePayload(task.payload)
  if (Result.isFailure(payload)) {
    return Effect.fail(
      new EnvironmentError({ reason: new TaskUnusable({ task: task.id, detail: payload.failure.message }) })
    )
  }
  const { tools: names, turns } = payload.success
  const tools = names.map((name): ToolDocument => ({ name, description: `the tool ${name}`, parameters: [] }))
  let turn = 0

  const play = (tool: string): Outcome => {
    if (names.includes(tool)) return { call: `${tool}()`, tool, ok: true, standard: "done", shown: "done" }
    const failed: FailedCall = {
      tool,
      call: `${tool}()`,
      kind: "unknown_tool",
      subject: { tool },
      message: `no tool ${tool}`
    }
    const hint = augmentor.augment(failed, { tools, providers: () => [], draw: 0 })
    return {
      call: failed.call,
      tool,
      ok: false,
      standard: failed.message,
      shown: hint?.message ?? failed.message,
      failure: failed.kind,
      ...(hint !== undefined && { hint: hint.rule }),
      ...(hint?.advice !== undefined && { advice: hint.advice })
    }
  }

  const step = (content: string): Transition => {
    const call = /^call (\w+)$/.exec(content)?.[1]
    if (call !== undefined) {
      const outcome = play(call)
      const messages = [{ role: "tool", content: outcome.shown } as const]
      return { code: outcome.ok ? -1 : -2, messages, outcomes: [outcome], done: false }
    }
    const passed = content === turns[turn]?.expect
    const verdict = { turn, passed, ...(!passed && { failure: "response" }) }
    turn += 1
    const next = turns[turn]
    return {
      code: passed ? 1 : 0,
      messages: next === undefined ? [] : [{ role: "user", content: next.ask }],
      outcomes: [],
      verdict,
      done: next === undefined
    }
  }

  return Effect.succeed({
    start: { messages: [{ role: "user", content: turns[0]?.ask ?? "" }], tools, turns: turns.length },
    step: (message) => Effect.sync(() => step(message.content))
  })
}

export const layer: Layer.Layer<Environment, never, Augmentor> = Layer.effect(
  Environment,
  Effect.gen(function*() {
    const augmentor = yield* Augmentor
    return Environment.of({ open: (task) => open(task, augmentor) })
  })
)
