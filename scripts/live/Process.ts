/** Other people's programs, for checks against the real thing: Python packages in environments of their own, and servers. */
import { Deferred, Effect, FileSystem, Option, Path, Schedule, Schema, Stream } from "effect"
import * as Flag from "effect/cli/Flag"
import * as HttpClient from "effect/http/HttpClient"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { fileURLToPath } from "node:url"

/** Everything that is installed for these checks is in here, and kept for the next time. */
export const folder = fileURLToPath(new URL("../../.live", import.meta.url))

/** A file beside this one. */
export const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export class LiveError extends Schema.TaggedError<LiveError>()("LiveError", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

export const python = Flag.String("python").pipe(
  Flag.withDefault("python3"),
  Flag.withDescription("The Python to make virtual environments with, 3.11 or newer")
)

interface Settings {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

const command = (program: string, given: ReadonlyArray<string>, { cwd, env = {} }: Settings) =>
  ChildProcess.make(program, given, { stdin: "ignore", env, extendEnv: true, ...(cwd !== undefined && { cwd }) })

/** Runs a program to its end; returns what it wrote to stdout. What it wrote to stderr is told when it fails. */
export const run = Effect.fnUntraced(
  function*(program: string, given: ReadonlyArray<string>, settings: Settings = {}) {
    const spawner = yield* ChildProcessSpawner
    const handle = yield* spawner.spawn(command(program, given, settings))
    const [output, errors] = yield* Effect.all([
      Stream.mkString(Stream.decodeText(handle.stdout)),
      Stream.mkString(Stream.decodeText(handle.stderr))
    ], { concurrency: 2 })
    const code = yield* handle.exitCode
    if (code === 0) return output
    const last = errors.trim().split("\n").slice(-12).join("\n")
    return yield* new LiveError({ detail: `${program} ${given.join(" ")} ended with code ${code}:\n${last}` })
  },
  Effect.scoped
)

/** The Python of a virtual environment with these packages, made if it is not there. */
export const environment = Effect.fnUntraced(function*(options: {
  readonly name: string
  readonly packages: ReadonlyArray<string>
  readonly python: string
}) {
  const { name, packages, python } = options
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const place = path.join(folder, name)
  const own = path.join(place, "bin", "python")
  // Written last: an environment without it was interrupted while it was made.
  const note = path.join(place, "packages.txt")
  const wanted = packages.join("\n")
  const found = yield* Effect.option(files.readFileString(note))
  if (Option.contains(found, wanted)) return own
  yield* files.makeDirectory(folder, { recursive: true })
  yield* run(python, ["-m", "venv", place])
  yield* run(own, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages])
  yield* files.writeFileString(note, wanted)
  return own
})

/** Starts a program that goes on until the scope ends; returns what `ready` makes of its first fitting line. */
export const start = Effect.fnUntraced(function*<A>(
  program: string,
  given: ReadonlyArray<string>,
  ready: (line: string) => A | undefined,
  settings: Settings = {}
) {
  const spawner = yield* ChildProcessSpawner
  const handle = yield* spawner.spawn(command(program, given, settings))
  const answer = yield* Deferred.make<A, LiveError>()
  const lines: Array<string> = []
  yield* handle.all.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => {
      lines.push(line)
      if (lines.length > 20) lines.shift()
      const found = ready(line)
      return found === undefined ? Effect.void : Deferred.succeed(answer, found)
    }),
    Effect.ensuring(
      Effect.suspend(() =>
        Deferred.fail(answer, new LiveError({ detail: `${program} ended before it was ready:\n${lines.join("\n")}` }))
      )
    ),
    Effect.forkScoped
  )
  return yield* Deferred.await(answer)
})

/** Waits until something answers at a URL. */
export const answers = (url: string, patience: `${number} seconds`) =>
  HttpClient.get(url).pipe(
    Effect.flatMap(({ status }) => status === 200 ? Effect.void : new LiveError({ detail: `${url} says ${status}` })),
    Effect.retry(Schedule.spaced("1 second")),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => new LiveError({ detail: `nothing answers at ${url} after ${patience}` })
    })
  )
