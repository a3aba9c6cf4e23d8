/** A release as `pip` finds it, in whichever package index it is set up for. */
import { Effect, FileSystem, Path, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type { Release } from "../../domain/bfcl/Release.ts"
import { type PullError, unavailable } from "../../domain/bfcl/ReleaseSource.ts"
import { inWords } from "../FileProblem.ts"
import * as SourceWheel from "./SourceWheel.ts"

const python = "python3"

/** What pip says went wrong: its errors, or else its last line. */
const complaint = (output: string): string => {
  const lines = output.split("\n").map((line) => line.trim()).filter((line) => line !== "")
  const errors = lines.filter((line) => line.startsWith("ERROR:"))
  return (errors.length > 0 ? errors : lines.slice(-1)).join(" ")
}

/** Downloads the package into a folder that goes with the scope. */
export const make = Effect.fnUntraced(function*(release: Release) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner
  const { requirement, wheel } = release
  const name = `pip download ${requirement}`
  const failed = (detail: string): PullError => unavailable(name, detail)
  const platform = Effect.mapError((error: PlatformError) => failed(inWords(error)))

  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "envtune-" }).pipe(platform)
  const given = ["-m", "pip", "download", "--no-deps", "--disable-pip-version-check", "--dest", folder, requirement]
  const pip = yield* spawner.spawn(ChildProcess.make(python, given, { stdin: "ignore" })).pipe(
    Effect.mapError((error) =>
      failed(error.reason._tag === "NotFound" ? `there is no ${python} on the path` : inWords(error))
    )
  )
  const output = yield* Stream.mkString(Stream.decodeText(pip.all)).pipe(platform)
  const code = yield* pip.exitCode.pipe(platform)
  if (code !== 0) return yield* failed(`${python} ended with code ${code}: ${complaint(output)}`)
  const source = yield* SourceWheel.make(path.join(folder, wheel.path), release)
  return { ...source, name }
})
