/** How much of what was recorded this package says too, counted by cases. */

/** One thing that came out otherwise. */
export interface Disagreement {
  readonly case: string
  /** What was compared: a result, a state, a verdict. */
  readonly what: string
  /** The call or the message that it came from. */
  readonly call: string
  readonly expected: string
  readonly got: string
}

/** The comparison of one case. */
export interface Comparison {
  /** Calls that were executed or decoded. */
  readonly calls: number
  /** Comparisons left out because the original does not reproduce itself there, and explained differences. */
  readonly skipped: number
  readonly disagreements: ReadonlyArray<Disagreement>
  /** What the case needs and this package does not have yet; nothing was compared then. */
  readonly missing: ReadonlyArray<string>
  /** Differences that follow from a known difference of versions, by cause. They are neither agreed nor disagreed. */
  readonly explained: Readonly<Record<string, number>>
}

export const notImplemented = (...missing: ReadonlyArray<string>): Comparison => ({
  calls: 0,
  skipped: 0,
  disagreements: [],
  missing,
  explained: {}
})

/** Compares a case bit by bit. */
export class Comparer {
  readonly case: string
  private calls = 0
  private skipped = 0
  private readonly disagreements: Array<Disagreement> = []
  private readonly explained: Record<string, number> = {}

  constructor(id: string) {
    this.case = id
  }

  called(): void {
    this.calls++
  }

  skip(): void {
    this.skipped++
  }

  explain(cause: string): void {
    this.skipped++
    this.explained[cause] = (this.explained[cause] ?? 0) + 1
  }

  equal(what: string, call: string, expected: unknown, got: unknown): void {
    if (expected === got) return
    const [wanted, given] = [textual(expected), textual(got)]
    if (wanted === given) return
    this.disagreements.push({ case: this.case, what, call, expected: wanted, got: given })
  }

  /** Something that the recording speaks of and that is not there to compare with. */
  absent(what: string): Comparison {
    this.equal(what, "", "present", "absent")
    return this.comparison
  }

  get comparison(): Comparison {
    const { calls, disagreements, explained, skipped } = this
    return { calls, skipped, disagreements, missing: [], explained }
  }
}

const textual = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value) ?? "nothing"

/** Many cases of one kind. `cases` is `agreed + disagreed + notImplemented`. */
export interface Part {
  readonly name: string
  readonly cases: number
  readonly calls: number
  readonly agreed: number
  readonly disagreed: number
  readonly notImplemented: number
  readonly skipped: number
  /** The first few, for a reader to start from. */
  readonly disagreements: ReadonlyArray<Disagreement>
  readonly missing: ReadonlySet<string>
  readonly explained: Readonly<Record<string, number>>
}

export const empty = (name: string): Part => ({
  name,
  cases: 0,
  calls: 0,
  agreed: 0,
  disagreed: 0,
  notImplemented: 0,
  skipped: 0,
  disagreements: [],
  missing: new Set(),
  explained: {}
})

const kept = 5

const sumOf = (
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>
): Readonly<Record<string, number>> => {
  const sum = { ...a }
  for (const [key, number] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + number
  return sum
}

/** The part with one more case. */
export const count = (part: Part, comparison: Comparison): Part => {
  const absent = comparison.missing.length > 0
  const differs = comparison.disagreements.length > 0
  return {
    name: part.name,
    cases: part.cases + 1,
    calls: part.calls + comparison.calls,
    agreed: part.agreed + (absent || differs ? 0 : 1),
    disagreed: part.disagreed + (differs ? 1 : 0),
    notImplemented: part.notImplemented + (absent ? 1 : 0),
    skipped: part.skipped + comparison.skipped,
    disagreements: differs && part.disagreements.length < kept
      ? [...part.disagreements, ...comparison.disagreements.slice(0, 1)]
      : part.disagreements,
    missing: absent ? new Set([...part.missing, ...comparison.missing]) : part.missing,
    explained: sumOf(part.explained, comparison.explained)
  }
}

/** Whether something was compared and nothing came out otherwise. */
export const agrees = (parts: ReadonlyArray<Part>): boolean =>
  parts.some((part) => part.agreed > 0) && parts.every((part) => part.disagreed === 0)

const columns = ["part", "cases", "calls", "agreed", "disagreed", "not yet implemented", "not compared"] as const

const shorten = (text: string): string =>
  text.length > 300 ? `${text.slice(0, 300)}... (${text.length} characters)` : text

/** Both texts from a little before the place where they part. */
const difference = (expected: string, got: string): ReadonlyArray<string> => {
  let at = 0
  while (at < expected.length && expected[at] === got[at]) at++
  const from = Math.max(0, at - 60)
  const shown = (text: string): string => (from === 0 ? "" : "...") + shorten(text.slice(from))
  return [`      expected ${shown(expected)}`, `      got      ${shown(got)}`]
}

const notes = (part: Part): ReadonlyArray<string> => [
  ...(part.missing.size === 0 ? [] : [`    not yet implemented: ${[...part.missing].join(", ")}`]),
  ...Object.entries(part.explained).map(([cause, number]) => `    explained by ${cause}: ${number}`),
  ...part.disagreements.flatMap(({ call, case: id, expected, got, what }) => [
    `    ${id}: ${what}${call === "" ? "" : ` of ${shorten(call)}`}`,
    ...difference(expected, got)
  ])
]

/** A table with one line a part, notes below the line they belong to. */
export const table = (parts: ReadonlyArray<Part>): ReadonlyArray<string> => {
  const rows = parts.map((part) => [
    part.name,
    ...[part.cases, part.calls, part.agreed, part.disagreed, part.notImplemented, part.skipped].map(String)
  ])
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join("  ")
  return [line(columns), ...parts.flatMap((part, i) => [line(rows[i] ?? []), ...notes(part)])]
}
