/** A program in another language that does the same work: commands in, answers out, a line of JSON each. */
import { Effect, Queue, Schema, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import { fileURLToPath } from "node:url"

export interface Options {
  /** The interpreter. */
  readonly command: string
  /** A script of this folder, and its arguments. */
  readonly script: string
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/** A line of what the program says, or that it ended. */
type Said = { readonly line: string } | "ended"

/** The program as a function from commands to answers. It ends with the scope; when it ends by itself that is a defect. */
export const start = Effect.fnUntraced(function*<A>(
  { args = [], command, env = {}, script }: Options,
  answer: Schema.Decoder<A>
) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const commands = yield* Queue.unbounded<string>()
  const answers = yield* Queue.unbounded<Said>()
  const path = fileURLToPath(new URL(script, import.meta.url))
  const handle = yield* spawner.spawn(ChildProcess.make(command, [path, ...args], {
    stdin: Stream.encodeText(Stream.map(Stream.fromQueue(commands), (line) => `${line}\n`)),
    stderr: "inherit",
    env,
    extendEnv: true
  }))
  yield* handle.stdout.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => Queue.offer(answers, { line })),
    Effect.ensuring(Queue.offer(answers, "ended")),
    Effect.forkScoped
  )
  const decode = Schema.decodeEffect(Schema.fromJsonString(answer))
  return Effect.fnUntraced(function*(given: Readonly<Record<string, unknown>>) {
    yield* Queue.offer(commands, JSON.stringify(given))
    const said = yield* Queue.take(answers)
    if (said === "ended") return yield* Effect.die(new Error(`${script} ended instead of answering`))
    return yield* decode(said.line)
  })
})
