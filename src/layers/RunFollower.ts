/**
 * A run's record but for its episodes, followed while it is written.
 *
 * What counts is what the last entry of the journal vouches for. Where an entry that was there is not there any more, the
 * run was taken up again from an earlier point: what had followed counts no longer, and is read anew.
 */
import { Effect, FileSystem, Option, Path, Result } from "effect"
import type * as Journal from "../domain/Journal.ts"
import { StepReport } from "../domain/Report.ts"
import { Evaluated, unreadable } from "../domain/RunStore.ts"
import type { Progress } from "../domain/RunView.ts"
import type { Summary } from "../domain/Summary.ts"
import { inWords } from "./FileProblem.ts"
import * as GrowingFile from "./GrowingFile.ts"
import { files } from "./RunFolder.ts"
import * as RunJournal from "./RunJournal.ts"
import * as RunLock from "./RunLock.ts"
import * as RunReader from "./RunReader.ts"

/** What is there at one moment. */
export interface Look {
  readonly summary: Summary
  readonly outcome: Progress["outcome"]
  /** Bytes of the episodes' file that count; all that are there where no journal says. */
  readonly episodes: number | undefined
  /** Whether something of what was seen before does not count any more. */
  readonly rewound: boolean
}

/** The last entry of a journal: its line, where that ends, and what it vouches for. */
interface Last {
  readonly line: Uint8Array
  readonly end: number
  readonly lengths: Journal.Lengths
}

const newline = 0x0a

/** Bytes from the end of the journal that are looked at; where they hold no whole entry, four times as many. */
const tail = 16 * 1024

const lastOf = Effect.fnUntraced(function*(journal: GrowingFile.GrowingFile) {
  const size = yield* journal.size
  for (let length = tail;; length *= 4) {
    const from = Math.max(0, size - length)
    const bytes = yield* journal.bytes(from, size - from)
    // The first line is a whole one at the beginning of the file alone.
    const begin = from === 0 ? 0 : bytes.indexOf(newline) + 1
    const whole = bytes.subarray(begin)
    const parsed = RunJournal.parse(whole)
    if (Result.isFailure(parsed)) {
      const { detail, line } = parsed.failure
      return yield* unreadable(journal.path, `line ${line} of those after byte ${from + begin}: ${detail}`)
    }
    const { entries } = parsed.success
    const last = entries.at(-1)
    if (last !== undefined && (begin > 0 || from === 0)) {
      const found: Last = {
        line: whole.subarray(entries.at(-2)?.end ?? 0, last.end),
        end: from + begin + last.end,
        lengths: last.entry.lengths
      }
      return found
    }
    if (from === 0) return undefined
  }
})

const isThere = Effect.fnUntraced(function*(journal: GrowingFile.GrowingFile, { end, line }: Last) {
  return Buffer.from(yield* journal.bytes(end - line.length, line.length)).equals(line)
})

/** Opens the record of a run until the scope closes. */
export const open = Effect.fn("RunFollower.open")(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const at = (name: string) => path.join(folder, name)
  const started = yield* RunReader.readStart(folder)
  const isJournaled = yield* fs.exists(at(files.journal)).pipe(
    Effect.mapError((error) => unreadable(at(files.journal), inWords(error)))
  )
  const journal = isJournaled ? yield* GrowingFile.open(at(files.journal)) : undefined
  const reports = yield* GrowingFile.openLines(at(files.metrics), StepReport)
  const evaluations = yield* GrowingFile.openLines(at(files.evaluations), Evaluated)
  const readSummary = RunReader.readSummary(folder)
  const holder = RunLock.holder(at(files.lock)).pipe(Effect.provideService(FileSystem.FileSystem, fs))

  let last: Last | undefined
  const look = Effect.gen(function*() {
    // In this order: a run says how it ended before it lets go of its lock, and what it wrote before it says so.
    const isHeld = Option.isSome(yield* holder)
    const summary = yield* readSummary
    const rewound = journal !== undefined && last !== undefined && !(yield* isThere(journal, last))
    if (rewound) { for (const lines of [reports, evaluations]) lines.forget() }
    last = journal === undefined ? undefined : yield* lastOf(journal)
    const none = journal === undefined ? undefined : 0
    yield* reports.readTo(last?.lengths.metrics ?? none)
    yield* evaluations.readTo(last?.lengths.evaluations ?? none)
    const found: Look = {
      summary,
      outcome: summary.outcome === "running" && !isHeld ? "killed" : summary.outcome,
      episodes: last?.lengths.episodes ?? none,
      rewound
    }
    return found
  })
  return {
    ...started,
    look,
    reports: reports.values,
    evaluations: evaluations.values,
    /** What cannot be read, in sentences, of a run that is on or not. */
    torn: (isOn: boolean): ReadonlyArray<string> => [reports, evaluations].flatMap((lines) => lines.torn(isOn) ?? [])
  }
})
