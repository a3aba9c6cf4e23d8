/** What a file on disk is, compared with what it should be. */
import { Effect, FileSystem, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { createHash } from "node:crypto"
import type { PinnedFile } from "../../domain/bfcl/Release.ts"
import { ContentDiffers } from "../../domain/bfcl/ReleaseSource.ts"

/** SHA-256 of a file, in hexadecimal. */
export const ofFile = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const hash = yield* Stream.runFold(fs.stream(path), () => createHash("sha256"), (hash, bytes) => hash.update(bytes))
  return hash.digest("hex")
})

/** How the file at `path` differs from the pinned one, if it does; `place` is what it is called then. */
export const difference: (
  path: string,
  file: PinnedFile,
  place?: string
) => Effect.Effect<ContentDiffers | undefined, PlatformError, FileSystem.FileSystem> = Effect.fnUntraced(
  function*(path, { bytes, sha256 }, place = path) {
    const fs = yield* FileSystem.FileSystem
    const found = { bytes: Number((yield* fs.stat(path)).size), sha256: yield* ofFile(path) }
    if (found.bytes === bytes && found.sha256 === sha256) return undefined
    return new ContentDiffers({ place, ...found, expected: { bytes, sha256 } })
  }
)
