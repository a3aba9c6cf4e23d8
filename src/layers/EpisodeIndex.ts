/**
 * What is known of a record's episodes without reading them again: a summary of each, and the gzip member it lies in.
 *
 * An append writes whole members of bounded text, so an episode costs one member to read, wherever it is. A member is
 * known by its trailer, the checksum and length that gzip puts after it: where a run was resumed and other bytes took the
 * place of a member, the trailer is another one.
 */
import { Effect, Result, Schema } from "effect"
import { inflateRaw } from "node:zlib"
import { EpisodeRecord } from "../domain/EpisodeRecord.ts"
import { EpisodeSummary } from "../domain/RunView.ts"

/** The header that our writer gives a member, without any of the optional fields; and the checksum and length after it. */
const headerLength = 10
export const trailerLength = 8

/** A gzip member: where its bytes are, and its trailer in hexadecimal digits. */
const Member = Schema.Struct({ from: Schema.Natural, length: Schema.Natural, trailer: Schema.String })
export type Member = typeof Member.Type

/** A member, and what its lines say. */
export const Entry = Schema.Struct({ ...Member.fields, episodes: Schema.Array(EpisodeSummary) })
export type Entry = typeof Entry.Type

export const trailerOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(-trailerLength)).toString("hex")

const decodeInflated = Schema.decodeUnknownSync(
  Schema.Struct({
    buffer: Schema.instanceOf(Buffer),
    engine: Schema.Struct({ bytesWritten: Schema.Natural })
  })
)

export interface Inflated {
  readonly text: string
  /** Of the member. */
  readonly length: number
  readonly trailer: string
}

/** The member that begins `bytes`, undefined when more bytes are needed; fails with what is wrong with them. */
export const inflate = (bytes: Uint8Array): Effect.Effect<Inflated | undefined, string> =>
  Effect.callback((resume) => {
    const done = (error: Error | null, inflated: unknown) => {
      if (error !== null) {
        const isCut = "code" in error && error.code === "Z_BUF_ERROR"
        return resume(isCut ? Effect.undefined : Effect.fail(String(error)))
      }
      const { buffer, engine } = decodeInflated(inflated)
      const length = headerLength + engine.bytesWritten + trailerLength
      resume(
        length > bytes.length
          ? Effect.undefined
          : Effect.succeed({ text: buffer.toString("utf8"), length, trailer: trailerOf(bytes.subarray(0, length)) })
      )
    }
    // Given `info`, it also says how much it read, which node's types do not know.
    inflateRaw(bytes.subarray(headerLength), { info: true, chunkSize: 4 * 1024 * 1024 }, done)
  })

/** One copy of equal texts, none of which is a view of the line that it was found in. */
export class Words {
  private readonly known = new Map<string, string>()

  once(word: string): string {
    const known = this.known.get(word)
    if (known !== undefined) return known
    const copy = Buffer.from(word).toString()
    this.known.set(copy, copy)
    return copy
  }

  /** The same summary in these words. */
  shared({ category, cause, failure, hints, stage, task, ...rest }: EpisodeSummary): EpisodeSummary {
    return {
      ...rest,
      stage: this.once(stage),
      task: this.once(task),
      category: this.once(category),
      hints: hints.length === 0 ? none : hints.map((rule) => this.once(rule)),
      ...(cause !== undefined && { cause: this.once(cause) }),
      ...(failure !== undefined && { failure: this.once(failure) })
    }
  }
}

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

/** Where a line's steps begin. No text can look like it: inside a JSON string, quotes have a backslash before them. */
const stepsKey = "\"steps\":["

/** Everything of a line's steps that a list shows, each as it begins and, where its value counts, with that. */
const shown = /"said":\{|\{"call":"|"passed":(?:true|false,"failure":"([^"\\]*)")|"hint":"([^"\\]*)"/g

interface Counts {
  steps: number
  calls: number
  turnsPassed: number
  hints: ReadonlyArray<string>
  failure?: string
}

const none: ReadonlyArray<string> = []

/** Searches the text of a line's steps. */
const countIn = (text: string, words: Words): Counts => {
  const counts: Counts = { steps: 0, calls: 0, turnsPassed: 0, hints: none }
  for (const [found, failure, hint] of text.matchAll(shown)) {
    if (hint !== undefined) {
      const rule = words.once(hint)
      if (!counts.hints.includes(rule)) counts.hints = [...counts.hints, rule]
    } else if (failure !== undefined) counts.failure ??= words.once(failure)
    else if (found.startsWith("{")) counts.calls++
    else if (found.startsWith("\"said")) counts.steps++
    else counts.turnsPassed++
  }
  return counts
}

const fateOf = (
  fate: EpisodeRecord["fate"],
  words: Words
): Pick<EpisodeSummary, "fate" | "cause" | "advantage"> => {
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
 * The summary of a line, the `at`-th of the record. Its head is decoded; its steps are only searched, because decoding all
 * tokens of a run takes several times as long as looking for the few words that a list shows.
 */
export const summarize = (line: string, at: number, words: Words): Result.Result<EpisodeSummary, string> => {
  const split = line.indexOf(stepsKey)
  const head = decodeHead(split < 0 ? line : `${line.slice(0, split)}${stepsKey}]}}`)
  if (Result.isFailure(head)) return Result.fail(head.failure.message)
  const { fate, finished, id, member, stage, step, task } = head.success
  const counts = countIn(split < 0 ? "" : line.slice(split), words)
  const turns = finished?.turns ?? 0
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
    passed: turns > 0 && counts.turnsPassed === turns,
    turns,
    ...counts
  })
}

interface Placed extends Member {
  /** The place in the record of its first line. */
  readonly first: number
}

export class EpisodeIndex {
  readonly episodes: Array<EpisodeSummary> = []
  private readonly placed: Array<Placed> = []
  private readonly places = new Map<string, number>()
  readonly words = new Words()

  /** Bytes of the record that are known. */
  get end(): number {
    const last = this.placed.at(-1)
    return last === undefined ? 0 : last.from + last.length
  }

  get members(): ReadonlyArray<Member> {
    return this.placed
  }

  /** Takes what is known of the member at the end. */
  add({ episodes, from, length, trailer }: Entry): void {
    this.placed.push({ from, length, trailer, first: this.episodes.length })
    for (const summary of episodes) {
      this.places.set(summary.id, this.episodes.length)
      this.episodes.push(summary)
    }
  }

  /** Forgets all but the first members. */
  keep(members: number): void {
    const [next] = this.placed.splice(members)
    if (next === undefined) return
    for (const { id } of this.episodes.splice(next.first)) this.places.delete(id)
  }

  summaryOf(id: string): EpisodeSummary | undefined {
    return this.episodes[this.places.get(id) ?? -1]
  }

  /** The member that holds the episode at that place. */
  memberOf(place: number): Placed | undefined {
    let [low, high] = [0, this.placed.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.placed[middle]?.first ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return this.placed[low]
  }

  /** All that is known, member by member. */
  *entries(): Generator<Entry> {
    for (const [i, { first, from, length, trailer }] of this.placed.entries()) {
      yield { from, length, trailer, episodes: this.episodes.slice(first, this.placed[i + 1]?.first) }
    }
  }
}
