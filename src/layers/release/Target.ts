/** Writes into the folder that a release is brought to. */
import { Effect, FileSystem } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { PullError, TargetUnwritable } from "../../domain/bfcl/ReleaseSource.ts"
import { inWords } from "../FileProblem.ts"
import * as Folder from "../Folder.ts"

/** What fails is that `path` cannot be written. */
export const writing = (path: string) =>
  Effect.mapError((error: PlatformError) =>
    new PullError({ reason: new TargetUnwritable({ path, detail: inWords(error) }) })
  )

/** Where a file waits until it is whole. */
export const partOf = (path: string): string => `${path}.part`

/** A file under its name at once, with all of its text. */
export const writeWhole = Effect.fnUntraced(function*(path: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Folder.replace(path, (beside) => fs.writeFileString(beside, text)).pipe(writing(path))
})
