/** Making folders, and files in them. */
import { Effect, FileSystem, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"

/**
 * Makes a folder and those above it that are missing; one that is there is fine. One by one, because node's own recursive
 * way never returns from a file system that answers "no such folder" to everything, as /proc does.
 */
export const create: (
  folder: string
) => Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function*(folder) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const missing: Array<string> = []
  for (let at = path.resolve(folder); !(yield* files.exists(at)); at = path.dirname(at)) missing.unshift(at)
  yield* Effect.forEach(
    missing,
    (each) =>
      // Another process may have made it in between.
      Effect.catchIf(files.makeDirectory(each), ({ reason }) => reason._tag === "AlreadyExists", () => Effect.void),
    { discard: true }
  )
})

/** Writes a file beside its place and renames it, so that it is whole wherever it is. */
export const replace = Effect.fnUntraced(function*<R>(
  file: string,
  write: (beside: string) => Effect.Effect<void, PlatformError, R>
) {
  const files = yield* FileSystem.FileSystem
  const beside = `${file}.new`
  yield* write(beside).pipe(
    Effect.andThen(files.rename(beside, file)),
    Effect.onError(() => Effect.ignore(files.remove(beside, { force: true })))
  )
})
