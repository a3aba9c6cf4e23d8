/** What this package adds to a benchmark's folder: the licence, a note on where the files are from, and two splits. */
import { Effect, FileSystem, Path } from "effect"
import type { PullError } from "../../domain/bfcl/ReleaseSource.ts"
import { writeWhole, writing } from "./Target.ts"

export const names: ReadonlyArray<string> = ["LICENSE", "NOTICE.md", "split_by_scenario.json", "split_seal.json"]

/** A file of the user's own is `kept`. */
export type Addition = "there" | "kept" | "added"

/** Copies the addition called `name` into the folder, unless a file of that name is in it. */
export const add: (
  name: string,
  folder: string
) => Effect.Effect<Addition, PullError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(name, folder) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const assets = yield* Effect.orDie(path.fromFileUrl(new URL("../../../assets/bfcl", import.meta.url)))
    const own = yield* Effect.orDie(fs.readFileString(path.join(assets, name)))
    const target = path.join(folder, name)
    if (yield* fs.exists(target).pipe(writing(target))) {
      return (yield* fs.readFileString(target).pipe(writing(target))) === own ? "there" : "kept"
    }
    yield* writeWhole(target, own)
    return "added"
  }
)
