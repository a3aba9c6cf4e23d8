/**
 * A small vocabulary of whole phrases, with bytes for everything else.
 *
 * Drills speak a closed language: names from closed lists, and the phrases between them. Each
 * name is a token and so is each frequent phrase, so that a call is about eight tokens; any
 * other text still has token ids, down to its UTF-8 bytes. Encoding takes the longest piece at
 * every place; the pieces of a text joined are the text.
 */
import * as Seed from "../Seed.ts"

export interface Vocabulary {
  /** Piece of every id from `firstPiece` on; roles and bytes come before them. */
  readonly pieces: ReadonlyArray<string>
  readonly size: number
  /** Of all pieces in order: a changed vocabulary has another. */
  readonly hash: string
}

/** Marks that only the renderer writes. */
export const roles = ["system", "user", "assistant"] as const
/** Line feed and printable ASCII are one token each. */
const characters = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))]
const firstCharacter = roles.length
/** Any other byte is two: its high half, then its low half. */
const firstHigh = firstCharacter + characters.length
const firstLow = firstHigh + 16
const firstPiece = firstLow + 16

/** An assistant message ends with one of these, and each is a token of its own. */
export const endings = ["</tool_call>", "</answer>"] as const

export const make = (pieces: ReadonlyArray<string>): Vocabulary => ({
  pieces,
  size: firstPiece + pieces.length,
  hash: Seed.derive("vocabulary", ...pieces).toString(16).padStart(8, "0")
})

/** Escapes a name for a regular expression. */
const literally = (name: string): string => name.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")

/** Where names stand in a text: whole names only, longest first, and any run of digits. */
const nameFinder = (names: ReadonlyArray<string>): RegExp => {
  const sorted = [...endings, ...names].toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))
  const bounded = sorted.map((name) =>
    `${/^\w/.test(name) ? "(?<![\\w.])" : ""}${literally(name)}${/\w$/.test(name) ? "(?!\\w)" : ""}`
  )
  return new RegExp(`(${[...bounded, "\\d+"].join("|")})`)
}

/**
 * Learns the phrases of a corpus: texts are cut at names and digits, and the pieces seen at
 * least `minCount` times are kept, most frequent first, at most `maxPieces` of them. Names and endings always are.
 * A fixed phrase of the protocol counts as a name: it is one token wherever it stands.
 */
export const learn = (
  texts: Iterable<string>,
  names: ReadonlyArray<string>,
  options: { readonly minCount: number; readonly maxPieces: number }
): Vocabulary => {
  const finder = nameFinder(names)
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const piece of text.split(finder)) if (piece !== "") counts.set(piece, (counts.get(piece) ?? 0) + 1)
  }
  const always = [...endings, ...names]
  for (const piece of always) counts.delete(piece)
  const learned = [...counts]
    .filter(([, count]) => count >= options.minCount)
    .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, options.maxPieces - always.length)
    .map(([piece]) => piece)
  return make([...always, ...learned])
}

/** Text to ids and back. */
export interface Codec {
  readonly encode: (text: string) => Array<number>
  readonly decode: (ids: Iterable<number>) => string
  readonly roleId: (role: typeof roles[number]) => number
  readonly endingIds: ReadonlyArray<number>
}

interface Node {
  readonly next: Map<number, Node>
  id: number
}

const trieOf = (pieces: ReadonlyArray<string>): Node => {
  const root: Node = { next: new Map(), id: -1 }
  pieces.forEach((piece, index) => {
    let node = root
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i)
      let next = node.next.get(unit)
      if (next === undefined) node.next.set(unit, next = { next: new Map(), id: -1 })
      node = next
    }
    node.id = firstPiece + index
  })
  return root
}

/** The longest piece that starts at `from`: its id and end, or nothing. */
const longest = (trie: Node, text: string, from: number): readonly [id: number, end: number] | undefined => {
  let found: readonly [number, number] | undefined
  let node: Node | undefined = trie
  for (let at = from; at < text.length; at++) {
    node = node.next.get(text.charCodeAt(at))
    if (node === undefined) break
    if (node.id >= 0) found = [node.id, at + 1]
  }
  return found
}

export const codec = (vocabulary: Vocabulary): Codec => {
  const trie = trieOf(vocabulary.pieces)
  const toBytes = new TextEncoder()
  const fromBytes = new TextDecoder("utf-8", { ignoreBOM: true })
  const textOf = (id: number): string =>
    id < firstCharacter
      ? `<|${roles[id]}|>`
      : id < firstHigh
      ? characters[id - firstCharacter]!
      : vocabulary.pieces[id - firstPiece] ?? ""
  return {
    encode: (text) => {
      const ids: Array<number> = []
      let at = 0
      while (at < text.length) {
        const match = longest(trie, text, at)
        if (match !== undefined) {
          ids.push(match[0])
          at = match[1]
          continue
        }
        const character = String.fromCodePoint(text.codePointAt(at)!)
        const known = characters.indexOf(character)
        if (known >= 0) ids.push(firstCharacter + known)
        else for (const byte of toBytes.encode(character)) ids.push(firstHigh + (byte >> 4), firstLow + (byte & 15))
        at += character.length
      }
      return ids
    },
    decode: (ids) => {
      let text = ""
      let bytes: Array<number> = []
      let high = 0
      for (const id of ids) {
        if (id >= firstHigh && id < firstLow) high = id - firstHigh
        else if (id >= firstLow && id < firstPiece) bytes.push(high * 16 + id - firstLow)
        else {
          text += fromBytes.decode(Uint8Array.from(bytes))
          bytes = []
          text += textOf(id)
        }
      }
      return text + fromBytes.decode(Uint8Array.from(bytes))
    },
    roleId: (role) => roles.indexOf(role),
    endingIds: endings.map((ending) => firstPiece + vocabulary.pieces.indexOf(ending))
  }
}
