/**
 * Remembers what a function said of a text.
 *
 * What agents write repeats itself, within a group and from group to group, and reading it takes longer than acting on
 * it. Whatever is remembered is shared, so it must not be changed by whoever gets it.
 */

export interface Limits {
  /** Texts kept; when there are more, all are forgotten at once. */
  readonly maximumTexts?: number
  /** In UTF-16 units; longer texts are read every time. */
  readonly maximumLength?: number
}

/** `read`, called once for a text as long as its answer is remembered. */
export const remembered = <A extends {}>(
  read: (text: string) => A,
  { maximumLength = 2048, maximumTexts = 8192 }: Limits = {}
): (text: string) => A => {
  const known = new Map<string, A>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const answer = read(text)
    if (known.size >= maximumTexts) known.clear()
    if (text.length <= maximumLength) known.set(text, answer)
    return answer
  }
}
