/**
 * A release in a Python package, which is a zip archive.
 *
 * Effect's own reader unpacks it: it checks every CRC and costs neither a dependency nor a reader of ours. It is
 * experimental, so it is only ever given an archive whose checksum is known.
 */
import { Effect, FileSystem, Stream } from "effect"
import * as Zip from "effect/encoding/Zip"
import type { PinnedFile, Release } from "../../domain/bfcl/Release.ts"
import { PullError, type ReleaseSource, unavailable } from "../../domain/bfcl/ReleaseSource.ts"
import { inWords } from "../FileProblem.ts"
import * as Checksum from "./Checksum.ts"

const nameIn = ({ path }: PinnedFile): string => `bfcl_eval/${path}`

/** Unpacks what the release needs, some 3 MB, into memory. */
export const make = Effect.fnUntraced(function*(wheel: string, release: Release) {
  const fs = yield* FileSystem.FileSystem
  const difference = yield* Checksum.difference(wheel, release.wheel).pipe(
    Effect.mapError((error) => unavailable(wheel, inWords(error)))
  )
  if (difference !== undefined) return yield* new PullError({ reason: difference })

  const wanted = new Set([...release.data, release.longContext].map(nameIn))
  const contents = new Map<string, Uint8Array>()
  yield* fs.stream(wheel).pipe(
    Stream.mapError((error) => unavailable(wheel, inWords(error))),
    Stream.pipeThroughChannel(Zip.decode()),
    Stream.filter(({ header }) => wanted.has(header.path)),
    Stream.runForEach(({ body, header }) =>
      Effect.map(Stream.runCollect(body), (pieces) => contents.set(header.path, Buffer.concat(pieces)))
    ),
    Effect.mapError((error) => error._tag === "ZipError" ? unavailable(wheel, error.message) : error)
  )

  const source: ReleaseSource = {
    name: wheel,
    layout: "package",
    place: (file) => `${wheel}: ${nameIn(file)}`,
    open: (file, from) => {
      const bytes = contents.get(nameIn(file))
      return bytes === undefined
        ? Effect.fail(unavailable(wheel, `it has no ${nameIn(file)}`))
        : Effect.succeed({ from, bytes: Stream.succeed(bytes.subarray(from)) })
    }
  }
  return source
})
