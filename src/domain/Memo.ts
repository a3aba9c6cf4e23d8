/**
 * Remembers what a function said of a text, and texts that were made of what does not change.
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

/** Of what the two limits allow together, the part that is kept: most texts are short, and many long ones too much. */
const share = 1 / 16

/** `read`, called once for a text as long as its answer is remembered. */
export const remembered = <A extends {}>(
  read: (text: string) => A,
  { maximumLength = 2048, maximumTexts = 8192 }: Limits = {}
): (text: string) => A => {
  const known = new Map<string, A>()
  const maximumSum = share * maximumTexts * maximumLength
  let sum = 0
  return (text) => {
    if (text.length > maximumLength) return read(text)
    const found = known.get(text)
    if (found !== undefined) return found
    const answer = read(text)
    sum += text.length
    if (known.size >= maximumTexts || sum > maximumSum) {
      known.clear()
      sum = text.length
    }
    known.set(text, answer)
    return answer
  }
}

/** The same text in one piece: JavaScript keeps the parts of a text apart until somebody looks into it. */
export const whole = (text: string): string => text.charCodeAt(0) >= 0 ? text : ""

/** Remembers the text of a thing that does not change, as long as there is the thing. */
export const textOfUnchanging = (): (thing: object, write: () => string) => string => {
  const known = new WeakMap<object, string>()
  return (thing, write) => {
    let text = known.get(thing)
    if (text === undefined) known.set(thing, text = whole(write()))
    return text
  }
}
