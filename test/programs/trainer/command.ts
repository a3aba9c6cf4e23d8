/** `envtune` as a process of its own, which can be killed. */
import { Effect, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as process from "node:process"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url))

const spawn = (given: ReadonlyArray<string>) =>
  ChildProcessSpawner.ChildProcessSpawner.use((spawner) =>
    spawner.spawn(ChildProcess.make(process.execPath, [main, ...given], { stdin: "ignore" }))
  )

/** The exit code, and what was said on stderr. */
export const envtune = Effect.fnUntraced(function*(given: ReadonlyArray<string>) {
  const child = yield* spawn(given)
  const [errors, , code] = yield* Effect.all([
    child.stderr.pipe(Stream.decodeText, Stream.mkString),
    Stream.runDrain(child.stdout),
    child.exitCode
  ], { concurrency: "unbounded" })
  return { code: Number(code), errors }
}, Effect.scoped)

/** Runs `envtune tune` and kills it when it has said that so many steps are done; how many it said until it ended. */
export const tuneKilled = Effect.fnUntraced(function*(steps: number, given: ReadonlyArray<string>) {
  const child = yield* spawn(["tune", "--json", ...given])
  const done = yield* child.stdout.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => line.startsWith("{\"_tag\":\"StepDone\"")),
    Stream.take(steps),
    Stream.runCount
  )
  yield* child.kill({ killSignal: "SIGKILL" })
  return done
}, Effect.scoped)
