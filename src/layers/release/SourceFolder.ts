/** A release in a local folder: a checkout of the repository, an installed package, its data, or a folder once pulled. */
import { Effect, FileSystem, Path, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { nameOf, type PinnedFile, type Release } from "../../domain/bfcl/Release.ts"
import { type PullError, type ReleaseSource, unavailable } from "../../domain/bfcl/ReleaseSource.ts"
import { inWords } from "../FileProblem.ts"

const reading = (place: string) => (error: PlatformError): PullError => unavailable(place, inWords(error))

/** Finds the release in a folder, or where it is within one that is known to hold it. */
export const make = Effect.fnUntraced(function*(folder: string, { longContextJson, name, data: [first] }: Release) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path

  const at = (root: string, layout: ReleaseSource["layout"]): ReleaseSource => {
    const place = (file: PinnedFile): string => path.join(root, layout === "package" ? file.path : nameOf(file))
    return {
      name: root,
      layout,
      place,
      open: (file, from) => {
        const bytes = fs.stream(place(file), { offset: from }).pipe(Stream.mapError(reading(place(file))))
        return Effect.succeed({ from, bytes })
      }
    }
  }

  const isThere = (file: string) => fs.exists(file).pipe(Effect.mapError(reading(file)))
  if (yield* isThere(path.join(folder, longContextJson.path))) return at(folder, "benchmark")
  const roots = [
    folder,
    path.join(folder, "bfcl_eval"),
    path.join(folder, "berkeley-function-call-leaderboard", "bfcl_eval"),
    // The package's data folder itself.
    path.dirname(path.resolve(folder))
  ]
  for (const root of roots) {
    if (first !== undefined && (yield* isThere(path.join(root, first.path)))) return at(root, "package")
  }
  return yield* unavailable(folder, `no ${name} is there: it is no checkout, installed package or folder once pulled`)
})
