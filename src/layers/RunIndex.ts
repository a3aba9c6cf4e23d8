/**
 * Looks at a run's folder. The episodes are read once, in the order in which they were appended, into an index of summaries
 * that says where each of them is; from then on only what was appended is read, and an episode is read when it is asked for.
 * What was found in many episodes is kept beside them for the next time, where the folder can be written.
 *
 * A run that is not complete can be taken up again while it is looked at: its record is followed back to the point it goes
 * on from, and on from there.
 */
import type { Scope } from "effect"
import { Effect, type FileSystem, Path, Result, Schedule, Schema, Semaphore, Stream, SubscriptionRef } from "effect"
import { EpisodeRecord } from "../domain/EpisodeRecord.ts"
import * as Following from "../domain/Following.ts"
import { type RunStoreError, unreadable } from "../domain/RunStore.ts"
import * as RunView from "../domain/RunView.ts"
import * as EpisodeIndex from "./EpisodeIndex.ts"
import * as EpisodeIndexFile from "./EpisodeIndexFile.ts"
import * as GrowingFile from "./GrowingFile.ts"
import { files } from "./RunFolder.ts"
import * as RunFollower from "./RunFollower.ts"

const decodeRecord = Schema.decodeUnknownResult(Schema.fromJsonString(EpisodeRecord))

/** How often a run that is on is looked at. */
const interval = "1 second"

/** Characters that are looked through before others are served. */
const slice = 128 * 1024

/** Characters whose reading takes long enough to keep what was found in them. */
const worthKeeping = 16 * 1024 * 1024

/** Bytes that are read for a member at least; where it is longer, twice as many, and so on. */
const leastRead = 64 * 1024

/** Members that are asked about at once. */
const atOnce = 16

const distinct = (all: Iterable<string>): ReadonlyArray<string> => [...new Set(all)].toSorted()

const facetsOf = (episodes: ReadonlyArray<RunView.EpisodeSummary>): RunView.Facets => ({
  categories: distinct(episodes.map(({ category }) => category)),
  hints: distinct(episodes.flatMap(({ hints }) => hints)),
  failures: distinct(episodes.flatMap(({ failure }) => failure ?? []))
})

type Answers = Map<string | undefined, Following.Answered>

/** What became of the hints of the first episodes. */
interface Followed {
  readonly byStage: Map<string, Answers>
  episodes: number
}

/** Without the calls that nothing explained: only episodes with hints are looked at. */
const hintUses = ({ byStage }: Followed): ReadonlyArray<RunView.HintUse> =>
  Array.from(byStage).flatMap(([stage, rules]) =>
    Array.from(rules).flatMap(([rule, answered]) => rule === undefined ? [] : [{ ...answered, rule, stage }])
  )

/** Keeps the last values, for pages that ask for neighbours. */
const remembering = <K, A, E>(most: number, make: (key: K) => Effect.Effect<A, E>) => {
  const known = new Map<K, A>()
  return Effect.fnUntraced(function*(key: K) {
    const value = known.get(key) ?? (yield* make(key))
    known.delete(key)
    known.set(key, value)
    for (const oldest of known.keys()) {
      if (known.size <= most) break
      known.delete(oldest)
    }
    return value
  })
}

interface Read extends EpisodeIndex.Inflated {
  readonly from: number
}

/** The member at a place; undefined when it is not whole before `to`. */
const readMember = Effect.fnUntraced(function*(
  file: GrowingFile.GrowingFile,
  from: number,
  to: number,
  guess: number
): Effect.fn.Return<Read | undefined, RunStoreError> {
  for (let length = guess;; length *= 2) {
    const bytes = yield* file.bytes(from, Math.min(length, to - from))
    const member = yield* EpisodeIndex.inflate(bytes).pipe(
      Effect.mapError((detail) => unreadable(file.path, `it cannot be decompressed from byte ${from} on (${detail})`))
    )
    if (member !== undefined) return { ...member, from }
    if (bytes.length < length) return undefined
  }
})

/** The members between two places. Each is inflated by another thread while the one before it is looked through. */
const membersOf = (file: GrowingFile.GrowingFile, from: number, to: number): Stream.Stream<Read, RunStoreError> =>
  Stream.unfold(
    { from, guess: leastRead },
    Effect.fnUntraced(function*({ from, guess }) {
      const member = from < to ? yield* readMember(file, from, to, guess) : undefined
      const next = (length: number) => ({ from: from + length, guess: Math.max(leastRead, 2 * length) })
      return member === undefined ? undefined : [member, next(member.length)] as const
    })
  ).pipe(Stream.buffer({ capacity: 1 }))

/** Looks through a member, and lets others be served in between. */
const summarize = Effect.fnUntraced(function*(
  path: string,
  { from, length, text, trailer }: Read,
  first: number,
  words: EpisodeIndex.Words
) {
  const episodes: Array<RunView.EpisodeSummary> = []
  let looked = 0
  for (const line of GrowingFile.linesOf(text)) {
    const place = first + episodes.length
    const summary = EpisodeIndex.summarize(line, place, words)
    if (Result.isFailure(summary)) {
      return yield* unreadable(`${path}:${place + 1}`, `it is not what envtune writes: ${summary.failure}`)
    }
    episodes.push(summary.success)
    looked += line.length
    if (looked < slice) continue
    looked = 0
    yield* Effect.yieldNow
  }
  const entry: EpisodeIndex.Entry = { from, length, trailer, episodes }
  return entry
})

/** Whether the file, up to a place, holds the member where it was. */
const holds = (file: GrowingFile.GrowingFile, to: number) => ({ from, length, trailer }: EpisodeIndex.Member) => {
  const end = from + length
  return end > to
    ? Effect.succeed(false)
    : Effect.map(
      file.bytes(end - EpisodeIndex.trailerLength, EpisodeIndex.trailerLength),
      (bytes) => EpisodeIndex.trailerOf(bytes) === trailer
    )
}

/** Opens the run in `folder`, and reads its episodes for as long as the scope is open. */
export const open = Effect.fn("RunIndex.open")(function*(folder: string): Effect.fn.Return<
  RunView.RunView,
  RunStoreError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const platform = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const path = yield* Path.Path
  const run = yield* RunFollower.open(folder)
  const file = yield* GrowingFile.open(path.join(folder, files.episodes))
  const index = new EpisodeIndex.EpisodeIndex()
  let followed: Followed = { byStage: new Map(), episodes: 0 }
  let seen = yield* run.look
  let there = yield* file.size
  /** Bytes of the episodes that count. */
  let size = Math.min(there, seen.episodes ?? there)
  /** Whether the record has gone back, and the index not yet. */
  let isBehind = false
  const progress = yield* SubscriptionRef.make<RunView.Progress>({
    outcome: seen.outcome,
    steps: run.reports().length,
    episodes: 0,
    read: 0,
    size,
    rewinds: 0
  })
  const tell = (more: Partial<RunView.Progress> = {}) =>
    SubscriptionRef.update(progress, (known) => ({
      ...known,
      steps: run.reports().length,
      episodes: index.episodes.length,
      read: index.end,
      size,
      ...more
    }))

  /** Takes what an earlier reader kept, as far as the record still holds it. */
  const restore = EpisodeIndexFile.read(folder).pipe(
    Stream.takeWhileEffect((entry) => entry.from === index.end ? holds(file, size)(entry) : Effect.succeed(false)),
    Stream.runForEach(({ episodes, ...member }) => {
      index.add({ ...member, episodes: episodes.map((summary) => index.words.shared(summary)) })
      return tell()
    }),
    Effect.ignore,
    Effect.provideContext(platform)
  )
  const keep = Effect.ignore(Effect.provideContext(EpisodeIndexFile.write(folder, index), platform))

  /** Forgets what the record holds no longer. */
  const goBack = Effect.gen(function*() {
    const held = yield* Effect.forEach(index.members, holds(file, size), { concurrency: atOnce })
    const kept = held.indexOf(false)
    index.keep(kept < 0 ? held.length : kept)
    followed = { byStage: new Map(), episodes: 0 }
    isBehind = false
    const { rewinds } = SubscriptionRef.getUnsafe(progress)
    yield* tell({ rewinds: rewinds + 1 })
  })

  /** Reads what was appended, and says how many characters that was. */
  const catchUp = Effect.gen(function*() {
    let characters = 0
    yield* Stream.runForEach(
      membersOf(file, index.end, size),
      Effect.fnUntraced(function*(member) {
        index.add(yield* summarize(file.path, member, index.episodes.length, index.words))
        characters += member.text.length
        // That the last one is known is told when the look is over.
        if (index.end < size) yield* tell()
      })
    )
    return characters
  })

  let trouble: string | undefined
  const look = Effect.gen(function*() {
    seen = yield* run.look
    there = yield* file.size
    size = Math.min(there, seen.episodes ?? there)
    isBehind ||= seen.rewound
    if (isBehind) yield* goBack
    const characters = yield* catchUp
    if (characters >= worthKeeping) yield* keep
    trouble = seen.outcome !== "running" && index.end < there
      ? `${file.path} is torn from byte ${index.end} of ${there} on`
      : undefined
  }).pipe(
    // A run that is on is looked at again, and may be whole then.
    Effect.catch((error) =>
      Effect.sync(() => {
        trouble = error.message
      })
    ),
    // What is not there by now will not come unless the run goes on.
    Effect.andThen(Effect.suspend(() => {
      const { outcome } = seen
      return tell({ outcome, ...(outcome !== "running" && { read: size }) })
    }))
  )
  yield* restore.pipe(
    Effect.andThen(
      Effect.repeat(look, { until: () => seen.outcome === "completed", schedule: Schedule.spaced(interval) })
    ),
    Effect.forkScoped
  )

  const linesOf = remembering(
    8,
    (member: EpisodeIndex.Member) =>
      Effect.map(
        readMember(file, member.from, member.from + member.length, member.length),
        (found) => [...GrowingFile.linesOf(found?.text ?? "")]
      )
  )
  const recordAt = Effect.fnUntraced(function*(place: number) {
    const member = index.memberOf(place)
    const line = member === undefined ? undefined : (yield* linesOf(member))[place - member.first]
    return yield* Effect.fromResult(
      Result.mapError(decodeRecord(line), ({ message }) => unreadable(`${file.path}:${place + 1}`, message))
    )
  })

  let selected: { readonly key: string; readonly episodes: ReadonlyArray<RunView.EpisodeSummary> } | undefined
  const select = (query: RunView.EpisodeQuery) => {
    const { rewinds } = SubscriptionRef.getUnsafe(progress)
    const key = JSON.stringify([query, index.episodes.length, rewinds])
    if (selected?.key !== key) selected = { key, episodes: RunView.select(index.episodes, query) }
    return selected.episodes
  }

  const followHints = Effect.gen(function*() {
    const into = followed
    for (; into.episodes < index.episodes.length; into.episodes++) {
      if (index.episodes[into.episodes]?.hints.length === 0) continue
      const episode = yield* recordAt(into.episodes)
      const ofStage: Answers = into.byStage.get(episode.stage) ?? new Map()
      into.byStage.set(episode.stage, ofStage)
      Following.count(ofStage, episode)
      yield* Effect.yieldNow
    }
    return hintUses(into)
  }).pipe((yield* Semaphore.make(1)).withPermits(1))

  return {
    header: Effect.sync(() => ({
      folder,
      manifest: run.manifest,
      started: run.started,
      summary: seen.summary,
      torn: [...run.torn(seen.outcome === "running"), ...trouble === undefined ? [] : [trouble]]
    })),
    reports: Effect.sync(run.reports),
    evaluations: Effect.sync(run.evaluations),
    page: (query, offset, limit) =>
      Effect.sync(() => {
        const matching = select(query)
        return {
          matching: matching.length,
          known: index.episodes.length,
          episodes: matching.slice(offset, offset + limit)
        }
      }),
    facets: Effect.sync(() => facetsOf(index.episodes)),
    episode: (id) => {
      const summary = index.summaryOf(id)
      return summary === undefined ? Effect.undefined : recordAt(summary.at)
    },
    group: (id) => {
      const group = RunView.groupOf(id)
      const members = index.episodes.filter((summary) => RunView.groupOf(summary.id) === group)
      return Effect.forEach(members, ({ at }) => recordAt(at))
    },
    hints: followHints,
    progress: SubscriptionRef.changes(progress).pipe(
      Stream.takeUntil(({ outcome, read, size }) => outcome === "completed" && read >= size)
    )
  }
})
