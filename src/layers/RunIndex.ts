/**
 * Looks at a run's folder. The episodes are read once, in the order in which they were appended, into a list of summaries
 * that says where each of them is; from then on only what was appended is read, and an episode is read when it is asked for.
 *
 * An append writes whole gzip members of bounded text, so an episode costs one member to read, wherever it is.
 */
import type { Scope } from "effect"
import { Effect, FileSystem, Option, Path, Result, Schedule, Schema, Semaphore, Stream, SubscriptionRef } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { inflateRawSync } from "node:zlib"
import { EpisodeRecord } from "../domain/EpisodeRecord.ts"
import * as Following from "../domain/Following.ts"
import { RunStoreError, StoreUnreadable } from "../domain/RunStore.ts"
import * as RunView from "../domain/RunView.ts"
import { inWords } from "./FileProblem.ts"
import { files } from "./RunFolder.ts"
import * as RunReader from "./RunReader.ts"

const unreadable = (path: string, detail: string): RunStoreError =>
  new RunStoreError({ reason: new StoreUnreadable({ path, detail }) })

const reading = (path: string) => Effect.mapError((error: PlatformError) => unreadable(path, inWords(error)))

/** Everything before an episode's steps, which is a tenth of its line. */
const { finished: _, ...fields } = EpisodeRecord.fields
const Head = Schema.Struct({
  ...fields,
  finished: Schema.optionalKey(Schema.Struct({
    turns: Schema.Natural,
    score: Schema.Union([Schema.Struct({ total: Schema.Finite }), Schema.Struct({ unscorable: Schema.String })])
  }))
})
const decodeHead = Schema.decodeUnknownResult(Schema.fromJsonString(Head))
const decodeRecord = Schema.decodeUnknownResult(Schema.fromJsonString(EpisodeRecord))

/** Where a line's steps begin. No text can look like it: inside a JSON string, quotes have a backslash before them. */
const stepsKey = "\"steps\":["

const count = (text: string, pattern: string): number => {
  let found = 0
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + pattern.length)) found++
  return found
}

const hintPattern = /"hint":"([^"\\]*)"/g
const failurePattern = /"passed":false,"failure":"([^"\\]*)"/

/** One copy of equal texts, none of which is a view of the line that it was found in. */
class Words {
  private readonly known = new Map<string, string>()

  once(word: string): string {
    const known = this.known.get(word)
    if (known !== undefined) return known
    const copy = Buffer.from(word).toString()
    this.known.set(copy, copy)
    return copy
  }
}

const rulesIn = (steps: string): ReadonlyArray<string> =>
  steps.includes("\"hint\":\"") ? [...new Set(Array.from(steps.matchAll(hintPattern), ([, rule = ""]) => rule))] : none

const none: ReadonlyArray<string> = []

const fateOf = (
  fate: EpisodeRecord["fate"],
  words: Words
): Pick<RunView.EpisodeSummary, "fate" | "cause" | "advantage"> => {
  switch (fate._tag) {
    case "Trained":
      return { fate: "trained", advantage: fate.advantage }
    case "Filtered":
      return { fate: "filtered", cause: words.once(fate.cause) }
    case "Failed":
      return { fate: "failed", cause: words.once(fate.cause) }
  }
}

/**
 * The summary of a line. Its head is decoded; its steps are only searched, because decoding all tokens of a run takes
 * several times as long as looking for the few words that a list shows.
 */
const summarize = (line: string, at: number, words: Words): Result.Result<RunView.EpisodeSummary, string> => {
  const split = line.indexOf(stepsKey)
  const head = decodeHead(split < 0 ? line : `${line.slice(0, split)}${stepsKey}]}}`)
  if (Result.isFailure(head)) return Result.fail(head.failure.message)
  const { fate, finished, id, member, stage, step, task } = head.success
  const steps = split < 0 ? "" : line.slice(split)
  const turns = finished?.turns ?? 0
  const turnsPassed = count(steps, "\"passed\":true")
  const [, failure] = failurePattern.exec(steps) ?? []
  return Result.succeed({
    at,
    id,
    stage: words.once(stage),
    step,
    member,
    task: words.once(task.id),
    category: words.once(task.category),
    ...fateOf(fate, words),
    ...(finished !== undefined && "total" in finished.score && { reward: finished.score.total }),
    passed: turns > 0 && turnsPassed === turns,
    turns,
    turnsPassed,
    steps: count(steps, "\"said\":{"),
    calls: count(steps, "{\"call\":\""),
    hints: rulesIn(steps).map((rule) => words.once(rule)),
    ...(failure !== undefined && { failure: words.once(failure) })
  })
}

/** A gzip member: where its bytes are, and the place in the record of its first line. */
interface Member {
  readonly from: number
  readonly length: number
  readonly first: number
}

/** The header that our writer gives a member, without any of the optional fields; and the checksum and length after it. */
const headerLength = 10
const trailerLength = 8

/** The text of the member that begins `bytes` and its length; undefined when more bytes are needed. */
const inflate = (bytes: Uint8Array): { readonly text: string; readonly length: number } | undefined => {
  try {
    // Given `info`, it also says how much it read, which node's types do not know.
    const inflated: unknown = inflateRawSync(bytes.subarray(headerLength), { info: true, chunkSize: 4 * 1024 * 1024 })
    const { buffer, engine } = decodeInflated(inflated)
    const length = headerLength + engine.bytesWritten + trailerLength
    return length > bytes.length ? undefined : { text: buffer.toString("utf8"), length }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "Z_BUF_ERROR") return undefined
    throw error
  }
}

const decodeInflated = Schema.decodeUnknownSync(
  Schema.Struct({
    buffer: Schema.instanceOf(Buffer),
    engine: Schema.Struct({ bytesWritten: Schema.Natural })
  })
)

/** Bytes of the file that are looked at together at first; a member that is longer gets twice as many, and so on. */
const window = 8 * 1024 * 1024

/** How often a run that is on is looked at. */
const interval = "1 second"

function* linesOf(text: string): Generator<string> {
  let from = 0
  for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
    yield text.slice(from, to)
    from = to + 1
  }
}

const values = <A>(lines: ReadonlyArray<RunReader.Line<A>>): ReadonlyArray<A> =>
  lines.flatMap((line) => line._tag === "Line" ? [line.value] : [])

const distinct = (all: Iterable<string>): ReadonlyArray<string> => [...new Set(all)].toSorted()

const facetsOf = (episodes: ReadonlyArray<RunView.EpisodeSummary>): RunView.Facets => ({
  categories: distinct(episodes.map(({ category }) => category)),
  hints: distinct(episodes.flatMap(({ hints }) => hints)),
  failures: distinct(episodes.flatMap(({ failure }) => failure ?? []))
})

type Answers = Map<string | undefined, Following.Answered>

/** Without the calls that nothing explained: only episodes with hints are looked at. */
const hintUses = (answers: ReadonlyMap<string, Answers>): ReadonlyArray<RunView.HintUse> =>
  Array.from(answers).flatMap(([stage, rules]) =>
    Array.from(rules).flatMap(([rule, answered]) => rule === undefined ? [] : [{ ...answered, rule, stage }])
  )

/** Summaries of what has been read, and where to read the rest. */
class Index {
  readonly episodes: Array<RunView.EpisodeSummary> = []
  private readonly members: Array<Member> = []
  private readonly places = new Map<string, number>()
  private readonly words = new Words()
  private readonly path: string
  /** Bytes read. */
  read = 0
  /** Why what follows cannot be read. */
  torn: string | undefined

  constructor(path: string) {
    this.path = path
  }

  summaryOf(id: string): RunView.EpisodeSummary | undefined {
    return this.episodes[this.places.get(id) ?? -1]
  }

  /** The member that holds the episode at that place. */
  memberOf(place: number): Member | undefined {
    let [low, high] = [0, this.members.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.members[middle]?.first ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return this.members[low]
  }

  /** Takes the member that the bytes begin with; its length, or undefined when they do not hold a whole one. */
  take(bytes: Uint8Array): number | undefined {
    try {
      const member = inflate(bytes)
      if (member === undefined) return undefined
      this.members.push({ from: this.read, length: member.length, first: this.episodes.length })
      this.read += member.length
      this.summarize(member.text)
      return member.length
    } catch (error) {
      this.torn = `${this.path} cannot be decompressed from byte ${this.read} on (${String(error)})`
      return undefined
    }
  }

  private summarize(text: string): void {
    for (const line of linesOf(text)) {
      const summary = summarize(line, this.episodes.length, this.words)
      if (Result.isFailure(summary)) {
        this.torn = `${this.path}:${this.episodes.length + 1} is not what envtune writes: ${summary.failure}`
        return
      }
      this.places.set(summary.success.id, this.episodes.length)
      this.episodes.push(summary.success)
    }
  }
}

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

/** The bytes of the episodes, read where they are asked for. */
const openFile = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.open(path).pipe(reading(path))
  const oneAtATime = yield* Semaphore.make(1)
  const size = fs.stat(path).pipe(Effect.map(({ size }) => Number(size)), reading(path))
  const bytes = (from: number, length: number) =>
    Effect.andThen(file.seek(BigInt(from), "start"), file.readAlloc(length)).pipe(
      oneAtATime.withPermits(1),
      Effect.map(Option.getOrElse(() => new Uint8Array())),
      reading(path)
    )
  return { size, bytes }
})

/** Reads what was appended since the last time, a member at a time, so that others can be served in between. */
const catchUp = Effect.fnUntraced(function*(
  index: Index,
  file: Effect.Success<ReturnType<typeof openFile>>,
  tell: (size: number) => Effect.Effect<void>
) {
  const size = yield* file.size
  let length = window
  while (index.read < size && index.torn === undefined) {
    const from = index.read
    const bytes = yield* file.bytes(from, Math.min(length, size - from))
    for (let taken = 0; taken < bytes.length && index.torn === undefined;) {
      const member = index.take(bytes.subarray(taken))
      if (member === undefined) break
      taken += member
      yield* tell(size)
      yield* Effect.yieldNow
    }
    if (index.read > from) length = window
    else if (from + bytes.length >= size) break
    else length *= 2
  }
  yield* tell(size)
})

/** Opens the run in `folder`, and reads its episodes for as long as the scope is open. */
export const open = Effect.fn("RunIndex.open")(function*(folder: string): Effect.fn.Return<
  RunView.RunView,
  RunStoreError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const platform = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const path = yield* Path.Path
  const record = Effect.provideContext(RunReader.open(folder), platform)
  const first = yield* record
  const at = path.join(folder, files.episodes)
  const file = yield* openFile(at)
  const index = new Index(at)

  let tornReports: ReadonlyArray<string> = []
  // Metrics are few beside the episodes, and read again as a whole.
  const reports = Effect.map(Stream.runCollect(first.reports), (lines) => {
    tornReports = lines.flatMap((line) =>
      line._tag === "Torn" ? [`${line.path} is torn from line ${line.line} on`] : []
    )
    return values(lines)
  })
  const progress = yield* SubscriptionRef.make<RunView.Progress>({
    outcome: first.summary.outcome,
    steps: (yield* reports).length,
    episodes: 0,
    read: 0,
    size: yield* file.size
  })
  const tell = (more: Partial<RunView.Progress>) =>
    SubscriptionRef.update(progress, (known) => ({
      ...known,
      episodes: index.episodes.length,
      read: index.read,
      ...more
    }))
  let trouble: string | undefined
  const look = Effect.gen(function*() {
    // In this order: what a run has written before it ended is there once it says that it has ended.
    const { summary: { outcome } } = yield* record
    yield* tell({ steps: (yield* reports).length })
    yield* catchUp(index, file, (size) => tell({ size }))
    yield* tell({ outcome })
    trouble = undefined
    return outcome
  }).pipe(
    // A run that is on is looked at again, and may be whole then.
    Effect.catch((error) =>
      Effect.sync(() => {
        trouble = error.message
        return SubscriptionRef.getUnsafe(progress).outcome
      })
    )
  )
  yield* look.pipe(
    Effect.repeat({ until: (outcome) => outcome !== "running", schedule: Schedule.spaced(interval) }),
    Effect.andThen(() => {
      const { read, torn } = index
      const { size } = SubscriptionRef.getUnsafe(progress)
      if (read < size) index.torn = torn ?? `${at} is torn from byte ${read} of ${size} on`
      return tell({ read: size })
    }),
    Effect.forkScoped
  )

  const linesAt = remembering(
    8,
    (member: Member) =>
      Effect.map(file.bytes(member.from, member.length), (bytes) => [...linesOf(inflate(bytes)?.text ?? "")])
  )
  const recordAt = Effect.fnUntraced(function*(place: number) {
    const member = index.memberOf(place)
    const line = member === undefined ? undefined : (yield* linesAt(member))[place - member.first]
    return yield* Effect.fromResult(
      Result.mapError(decodeRecord(line), ({ message }) => unreadable(`${at}:${place + 1}`, message))
    )
  })

  let selected: { readonly key: string; readonly episodes: ReadonlyArray<RunView.EpisodeSummary> } | undefined
  const select = (query: RunView.EpisodeQuery) => {
    const key = JSON.stringify([query, index.episodes.length])
    if (selected?.key !== key) selected = { key, episodes: RunView.select(index.episodes, query) }
    return selected.episodes
  }

  const answers = new Map<string, Answers>()
  let followed = 0
  const followHints = Effect.gen(function*() {
    for (; followed < index.episodes.length; followed++) {
      if (index.episodes[followed]?.hints.length === 0) continue
      const episode = yield* recordAt(followed)
      const ofStage: Answers = answers.get(episode.stage) ?? new Map()
      answers.set(episode.stage, ofStage)
      Following.count(ofStage, episode)
      yield* Effect.yieldNow
    }
  }).pipe((yield* Semaphore.make(1)).withPermits(1))

  return {
    header: Effect.map(record, ({ manifest, started, summary }) => ({
      folder,
      manifest,
      started,
      summary,
      torn: [...tornReports, ...[index.torn, trouble].filter((sentence) => sentence !== undefined)]
    })),
    reports,
    evaluations: Effect.map(Stream.runCollect(first.evaluations), values),
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
    hints: Effect.map(followHints, () => hintUses(answers)),
    progress: SubscriptionRef.changes(progress).pipe(
      Stream.takeUntil(({ outcome, read, size }) => outcome !== "running" && read >= size)
    )
  }
})
