/** The name that was probably meant. */

/** Case and separators are what names are most often misremembered in. */
const folded = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
export const distance = (a: string, b: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1)
      }
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}

/** Names longer than this are not compared: the work grows with the square of the length. */
const longest = 64

/** The candidate that differs least from `name`, in at most a third of its letters; the first of equals. */
export const nearest = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  const wanted = folded(name)
  if (wanted === "" || wanted.length > longest) return undefined
  let best: string | undefined
  let least = Math.floor(wanted.length / 3) + 1
  for (const candidate of candidates) {
    const other = folded(candidate.slice(0, 2 * longest))
    // It takes at least so many insertions or deletions.
    if (Math.abs(other.length - wanted.length) >= least) continue
    const edits = distance(wanted, other)
    if (edits < least) {
      best = candidate
      least = edits
    }
  }
  return best
}
