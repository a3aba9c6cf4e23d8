/** A small world for the tests of programs: toy tasks, a scripted policy, a trainer and a store that record. */
import { Effect, Layer, Result } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import { Renderer } from "../../src/domain/Renderer.ts"
import * as Reward from "../../src/domain/Reward.ts"
import type { Part, Task } from "../../src/domain/Task.ts"
import { TokenBuffer } from "../../src/domain/TokenBuffer.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import type { Parts } from "../../src/programs/parts.ts"

/** A toy task of two turns, asking for `a` and then for `b`; `ls` is its one tool. */
export const task = (id: string, part: Part = "train", category = "base"): Task => ({
  id,
  category,
  scenario: `${part}-${id}`,
  part,
  payload: { tools: ["ls"], turns: [{ ask: "say a", expect: "a" }, { ask: "say b", expect: "b" }] }
})

export const tasks: ReadonlyArray<Task> = [
  ...["t0", "t1", "t2", "t3", "t4", "t5"].map((id) => task(id)),
  ...["e0", "e1", "e2"].map((id) => task(id, "test")),
  task("x0", "transfer", "unseen")
]

/** Names the tools that exist, and asks for one of them. */
export const hinting = Augmentor.layer(
  Augmentor.rule(
    "name-the-tools",
    (_failed, { tools }) => `only ${tools.map(({ name }) => name).join(", ")} exists`,
    (_failed, { tools }) => ({ _tag: "Call", calls: tools.map(({ name }) => `${name}()`) })
  )
)

export const stage = (name: string, steps: number, settings: Curriculum.Overrides<Curriculum.Settings> = {}) =>
  Curriculum.stage(name, {
    tasks: () => true,
    services: Layer.merge(hinting, Reward.layer(Reward.progress)),
    advance: Advance.after(steps),
    settings: { tasksPerStep: 2, groupSize: 4, concurrency: 8, refillRounds: 1, maxSteps: 10, ...settings }
  })

export const curriculum = (...stages: ReadonlyArray<Curriculum.Stage>): Curriculum.Curriculum =>
  Curriculum.make({ name: "toy", environment: EnvironmentToy.layer, stages })

/** Text as code points, for an engine that is scripted. */
export const renderer: Layer.Layer<Renderer> = Layer.succeed(
  Renderer,
  Renderer.of({
    vocabularySize: 0x110000,
    vocabularyHash: "code points",
    stop: [10],
    preservesHistory: true,
    open: () => {
      const tokens = new TokenBuffer()
      return {
        prompt: (messages) => Result.succeed(tokens.add(spell(messages))),
        said: (completion) => {
          tokens.add(completion)
        }
      }
    },
    spoken: (completion) => text(completion).trimEnd(),
    parse: (completion) => ({ role: "assistant", content: text(completion).trimEnd() }),
    text: (tokens) => text(tokens)
  })
)

const spell = (messages: ReadonlyArray<{ readonly content: string }>): Int32Array =>
  Int32Array.from(messages.map(({ content }) => `${content}\n`).join(""), (character) => character.codePointAt(0) ?? 0)

const text = (tokens: Int32Array): string => String.fromCodePoint(...tokens)

/** For commands that are given no server. */
export const openai: Parts["Service"]["openai"] = () => Layer.unwrap(Effect.die("no server is there"))
