/**
 * What a reader of a large record found in its episodes, kept beside it for the next reader: lines of JSON, compressed.
 * It can be deleted, and is worth no more than its members are found in the record again.
 */
import { Effect, FileSystem, Path, Stream } from "effect"
import * as EpisodeIndex from "./EpisodeIndex.ts"
import * as Folder from "./Folder.ts"
import { compress, files, members } from "./RunFolder.ts"
import * as RunReader from "./RunReader.ts"

/** The entries that were kept, as far as they can be read. */
export const read = (folder: string) =>
  Stream.unwrap(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = path.join(folder, files.index)
    const kept = yield* fs.exists(file)
    if (!kept) return Stream.empty
    return RunReader.compressedLines(file, fs.stream(file), EpisodeIndex.Entry).pipe(
      Stream.flatMap((line) => line._tag === "Line" ? Stream.succeed(line.value) : Stream.empty)
    )
  }))

const lines = function*(entries: Iterable<EpisodeIndex.Entry>): Generator<string> {
  for (const entry of entries) yield `${JSON.stringify(entry)}\n`
}

/** Keeps all entries of an index, in the place of those that were kept before. */
export const write = Effect.fn("EpisodeIndexFile.write")(function*(folder: string, index: EpisodeIndex.EpisodeIndex) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, files.index)
  const compressed = Stream.mapEffect(
    Stream.fromIterable(members(lines(index.entries()))),
    ({ text }) => compress(text)
  )
  yield* Folder.replace(file, (beside) => Stream.run(compressed, fs.sink(beside)))
})
