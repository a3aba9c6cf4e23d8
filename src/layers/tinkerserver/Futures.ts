/**
 * Outcomes of accepted requests, for those who ask for them: any number of times, until they
 * have to make room for newer ones.
 */
import { Deferred, Effect, Option, Schema } from "effect"
import { FailureCategory } from "../../domain/tinker/Future.ts"

/** The result of an operation, ready for the wire. */
export interface Answer {
  readonly json: unknown
  /** In the protobuf form, for results that have one. */
  readonly proto?: () => Uint8Array
  /** How many numbers it holds, for the bound on memory. */
  readonly numbers: number
}

/** An operation came to nothing; whose fault it is, and why. */
export class OperationFailed extends Schema.TaggedError<OperationFailed>()("OperationFailed", {
  error: Schema.String,
  category: FailureCategory
}) {
  override get message() {
    return this.error
  }
}

export const mistaken = (error: string): OperationFailed => new OperationFailed({ error, category: "user" })

export interface Limits {
  /** Requests accepted and not done. */
  readonly pending: number
  /** Bytes of their bodies, all together. */
  readonly bytes: number
  /** Outcomes that are kept. */
  readonly outcomes: number
  /** Numbers in all outcomes that are kept. */
  readonly numbers: number
}

/** What can be said of a request: `gone` if its outcome is kept no longer. */
export type Poll =
  | { readonly _tag: "Unknown" | "Gone" }
  | { readonly _tag: "Pending"; readonly reason: string | undefined }
  | { readonly _tag: "Done"; readonly outcome: Effect.Effect<Answer, OperationFailed> }

export interface Accepting {
  /** Of the request's body. */
  readonly bytes: number
  /** What keeps it from being carried out. */
  readonly waitsFor?: () => string | undefined
}

interface Entry extends Accepting {
  readonly outcome: Deferred.Deferred<Answer, OperationFailed>
  numbers: number
}

export class Futures {
  private readonly entries = new Map<string, Entry>()
  private readonly settled = new Set<string>()
  private readonly prefix: string
  private readonly limits: Limits
  private accepted = 0
  private bytes = 0
  private numbers = 0

  /** Ids begin with a prefix, so that a client does not take another server's outcomes for those of one before it. */
  constructor(prefix: string, limits: Limits) {
    this.prefix = prefix
    this.limits = limits
  }

  /** A new request's id; nothing when too much is pending. */
  accept(request: Accepting): string | undefined {
    const pending = this.entries.size - this.settled.size
    if (pending >= this.limits.pending || (pending > 0 && this.bytes + request.bytes > this.limits.bytes)) {
      return undefined
    }
    this.accepted += 1
    this.bytes += request.bytes
    const id = `${this.prefix}${this.accepted}`
    this.entries.set(id, { ...request, outcome: Deferred.makeUnsafe(), numbers: 0 })
    return id
  }

  /** The first outcome counts. */
  settle(id: string, outcome: Effect.Effect<Answer, OperationFailed>, numbers: number): void {
    const entry = this.entries.get(id)
    if (entry === undefined || !Deferred.doneUnsafe(entry.outcome, outcome)) return
    entry.numbers = numbers
    this.bytes -= entry.bytes
    this.numbers += numbers
    this.settled.add(id)
    for (const oldest of this.settled) {
      if (oldest === id || this.settled.size <= this.limits.outcomes && this.numbers <= this.limits.numbers) break
      this.numbers -= this.entries.get(oldest)!.numbers
      this.settled.delete(oldest)
      this.entries.delete(oldest)
    }
  }

  /** Whether there is, or will be, an outcome to have. */
  has(id: string): boolean {
    return this.entries.has(id)
  }

  /** Waits for the outcome, but not longer than `seconds`. */
  poll(id: string, seconds: number): Effect.Effect<Poll> {
    const entry = this.entries.get(id)
    if (entry === undefined) return Effect.succeed({ _tag: this.wasAccepted(id) ? "Gone" : "Unknown" })
    return Deferred.await(entry.outcome).pipe(
      Effect.exit,
      Effect.timeoutOption(`${seconds} seconds`),
      Effect.map(Option.match({
        onNone: (): Poll => ({ _tag: "Pending", reason: entry.waitsFor?.() }),
        onSome: (outcome): Poll => ({ _tag: "Done", outcome })
      }))
    )
  }

  private wasAccepted(id: string): boolean {
    const number = Number(id.slice(this.prefix.length))
    return id.startsWith(this.prefix) && Number.isInteger(number) && number >= 1 && number <= this.accepted
  }
}
