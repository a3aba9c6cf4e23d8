/** Brings the benchmark's files into a folder, from wherever they are published, and proves that they are the right ones. */
import { Effect, FileSystem, Path, type Scope } from "effect"
import type { HttpClient } from "effect/http/HttpClient"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as LongContext from "../domain/bfcl/LongContext.ts"
import { bfcl, nameOf, type PinnedFile, type Release } from "../domain/bfcl/Release.ts"
import { PullError, type ReleaseSource, TargetOccupied, unavailable } from "../domain/bfcl/ReleaseSource.ts"
import { inWords } from "../layers/FileProblem.ts"
import * as Folder from "../layers/Folder.ts"
import * as Additions from "../layers/release/Additions.ts"
import * as Checksum from "../layers/release/Checksum.ts"
import { type Arrival, download } from "../layers/release/Download.ts"
import * as SourceFolder from "../layers/release/SourceFolder.ts"
import * as SourceHttp from "../layers/release/SourceHttp.ts"
import * as SourcePip from "../layers/release/SourcePip.ts"
import * as SourceWheel from "../layers/release/SourceWheel.ts"
import { writeWhole, writing } from "../layers/release/Target.ts"
import type { Platform } from "./refusal.ts"
import { grouped } from "./text.ts"

export interface PullOptions {
  /** A URL, a folder, a wheel, or `pip`; the benchmark's repository when absent. */
  readonly from: string | undefined
  /** The folder that the files go into. */
  readonly to: string
  /** Takes each line of what is done. */
  readonly say: (line: string) => Effect.Effect<void>
}

/** What came of a file. */
type Outcome = Arrival | Additions.Addition | "made"

interface Pulled {
  readonly name: string
  readonly outcome: Outcome
}

/** Files on their way at once. */
const concurrency = 4

const isUrl = (from: string): boolean => /^https?:\/\//.test(from) && URL.canParse(from)

/** A wheel at a URL is brought into the target folder first, so that what has arrived of it is not lost. */
const wheelAt = Effect.fnUntraced(function*(url: string, to: string, release: Release) {
  const fs = yield* FileSystem.FileSystem
  const wheel = (yield* Path.Path).join(to, release.wheel.path)
  const source = yield* SourceHttp.make(url.slice(0, url.lastIndexOf("/")))
  yield* download(source, { ...release.wheel, path: url.slice(url.lastIndexOf("/") + 1) }, wheel)
  const unpacked = yield* SourceWheel.make(wheel, release)
  yield* fs.remove(wheel).pipe(writing(wheel))
  return { ...unpacked, name: url }
})

const localSource = Effect.fnUntraced(function*(place: string, release: Release) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs.stat(place).pipe(
    Effect.mapError((error) =>
      unavailable(place, error.reason._tag === "NotFound" ? "neither a file, a folder, a URL nor pip" : inWords(error))
    )
  )
  return yield* info.type === "Directory" ? SourceFolder.make(place, release) : SourceWheel.make(place, release)
})

const sourceOf: (
  options: PullOptions,
  release: Release
) => Effect.Effect<ReleaseSource, PullError, Platform | ChildProcessSpawner | HttpClient | Scope.Scope> = Effect
  .fnUntraced(function*({ from, to }, release) {
    if (from === undefined) return yield* SourceHttp.make(release.url)
    if (from === "pip") return yield* SourcePip.make(release)
    if (!isUrl(from)) return yield* localSource(from, release)
    return yield* from.endsWith(".whl") ? wheelAt(from, to, release) : SourceHttp.make(from)
  })

/** Converts the module of the long-context constants, which does not stay. */
const makeLongContext = Effect.fnUntraced(function*(source: ReleaseSource, release: Release, to: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const target = path.join(to, release.longContextJson.path)
  if (yield* fs.exists(target).pipe(writing(target))) {
    const difference = yield* Checksum.difference(target, release.longContextJson).pipe(writing(target))
    return difference === undefined ? "there" : yield* new PullError({ reason: new TargetOccupied({ path: target }) })
  }
  const module = path.join(to, path.basename(release.longContext.path))
  yield* download(source, release.longContext, module)
  yield* writeWhole(target, LongContext.ofModule(yield* fs.readFileString(module).pipe(writing(module))))
  const made = yield* Checksum.difference(target, release.longContextJson).pipe(writing(target))
  if (made !== undefined) return yield* Effect.die(made)
  yield* fs.remove(module).pipe(writing(module))
  return "made"
})

const counted = (pulled: ReadonlyArray<Pulled>): string => {
  const counts = new Map<Outcome, number>()
  for (const { outcome } of pulled) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return Array.from(counts, ([outcome, count]) => `${count} ${outcome}`).join(", ")
}

const pullFrom = Effect.fnUntraced(function*(source: ReleaseSource, release: Release, { say, to }: PullOptions) {
  const path = yield* Path.Path
  const told = <E, R>(name: string, bytes: number | undefined, work: Effect.Effect<Outcome, E, R>) =>
    work.pipe(
      Effect.tap((outcome) => {
        const size = bytes === undefined ? "" : `  ${grouped(bytes)} bytes`
        return say(`${outcome.padEnd(7)}  ${name}${size}`)
      }),
      Effect.map((outcome): Pulled => ({ name, outcome }))
    )
  const copy = (file: PinnedFile) => told(nameOf(file), file.bytes, download(source, file, path.join(to, nameOf(file))))
  const { longContextJson } = release
  const longContext = source.layout === "benchmark"
    ? copy(longContextJson)
    : told(longContextJson.path, longContextJson.bytes, makeLongContext(source, release, to))
  return yield* Effect.all([
    ...release.data.map(copy),
    longContext,
    ...Additions.names.map((name) => told(name, undefined, Additions.add(name, to)))
  ], { concurrency })
})

/** Where the repository cannot be reached, other sources may be. */
const elsewhere = (error: PullError): PullError =>
  error.reason._tag === "SourceUnavailable"
    ? unavailable(error.reason.place, `${error.reason.detail}; --from pip, a wheel or a folder may do`)
    : error

/**
 * Pulls whatever is not there yet. A file that is there and is not the release's is an error, except for what this
 * package adds (splits, licence), which is the user's to change.
 */
export const pull: (
  options: PullOptions,
  release?: Release
) => Effect.Effect<void, PullError, Platform | ChildProcessSpawner | HttpClient> = Effect.fn("pull")(
  function*(options: PullOptions, release: Release = bfcl) {
    const { say, to } = options
    yield* Folder.create(to).pipe(writing(to))
    const source = yield* sourceOf(options, release)
    yield* say(`${release.name} from ${source.name} to ${to}`)
    const pulled = yield* pullFrom(source, release, options)
    yield* say(`${pulled.length} files: ${counted(pulled)}; all of BFCL's have the release's checksums`)
  },
  Effect.scoped,
  (effect, { from, say }) =>
    effect.pipe(
      Effect.onInterrupt(() => say("interrupted: what has arrived is kept, and the same command goes on from there")),
      Effect.mapError((error) => from === undefined ? elsewhere(error) : error)
    )
)
