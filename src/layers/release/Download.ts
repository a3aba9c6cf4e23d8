/**
 * Brings a file from a source to where it belongs.
 *
 * What has arrived waits in `<path>.part`. An attempt that follows, in this process or a later one, asks only for what
 * is still missing; the file gets its name when it is whole and its checksum is right.
 */
import { Effect, FileSystem, Path, Schedule, Stream } from "effect"
import type { PinnedFile } from "../../domain/bfcl/Release.ts"
import { ContentDiffers, PullError, type ReleaseSource, TargetOccupied } from "../../domain/bfcl/ReleaseSource.ts"
import * as Folder from "../Folder.ts"
import * as Checksum from "./Checksum.ts"
import { partOf, writing } from "./Target.ts"

/** How a file came to be where it is. `resumed`: some of it had arrived in an earlier process. */
export type Arrival = "there" | "fetched" | "resumed"

const differs = (reason: ContentDiffers): PullError => new PullError({ reason })

/** Bytes of a file on disk; 0 when there is none. */
const sizeOf = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(path).pipe(
    Effect.map(({ size }) => Number(size)),
    Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed(0)),
    writing(path)
  )
})

/** One request: what is missing of the part, appended to it. */
const advance = Effect.fnUntraced(function*(source: ReleaseSource, file: PinnedFile, part: string) {
  const fs = yield* FileSystem.FileSystem
  const have = yield* sizeOf(part)
  if (have === file.bytes) return
  const delivery = yield* source.open(file, have < file.bytes ? have : 0)
  const target = yield* fs.open(part, { flag: delivery.from === have ? "a" : "w" }).pipe(writing(part))
  let bytes = delivery.from
  yield* Stream.runForEach(delivery.bytes, (piece) => {
    bytes += piece.length
    if (bytes > file.bytes) {
      return differs(new ContentDiffers({ place: source.place(file), bytes, expected: file }))
    }
    return target.writeAll(piece).pipe(writing(part))
  })
}, Effect.scoped)

/** Attempts before a failure that may pass is final. */
const retries = { schedule: Schedule.exponential("500 millis"), times: 3 }

/** The part whole and right, or gone and a failure that says how it was wrong. */
const complete = Effect.fnUntraced(function*(source: ReleaseSource, file: PinnedFile, part: string) {
  const fs = yield* FileSystem.FileSystem
  const forget = Effect.ignore(fs.remove(part, { force: true }))
  yield* advance(source, file, part).pipe(
    Effect.retry({ ...retries, while: (error) => error.isRetryable }),
    Effect.tapError((error) => error.reason._tag === "ContentDiffers" ? forget : Effect.void)
  )
  const difference = yield* Checksum.difference(part, file, source.place(file)).pipe(writing(part))
  if (difference === undefined) return
  yield* forget
  return yield* differs(difference)
})

/** Fails when another file has the name already: it may be the user's. */
export const download: (
  source: ReleaseSource,
  file: PinnedFile,
  path: string
) => Effect.Effect<Arrival, PullError, FileSystem.FileSystem | Path.Path> = Effect.fn("Download.download")(
  function*(source, file, path) {
    const fs = yield* FileSystem.FileSystem
    const folder = (yield* Path.Path).dirname(path)
    if (yield* fs.exists(path).pipe(writing(path))) {
      const difference = yield* Checksum.difference(path, file).pipe(writing(path))
      if (difference === undefined) return "there"
      return yield* new PullError({ reason: new TargetOccupied({ path }) })
    }
    yield* Folder.create(folder).pipe(writing(folder))
    const part = partOf(path)
    const anew = Effect.as(complete(source, file, part), "fetched" as const)
    const arrival = (yield* sizeOf(part)) === 0 ? yield* anew : yield* complete(source, file, part).pipe(
      Effect.as("resumed" as const),
      // What was left from before was of something else.
      Effect.catchReason("PullError", "ContentDiffers", () => anew)
    )
    yield* fs.rename(part, path).pipe(writing(path))
    return arrival
  }
)
