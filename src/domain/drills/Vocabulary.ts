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
  /** UTF-16 units from the root. */
  readonly depth: number
  /** Of the piece that ends here; negative where none does. */
  id: number
}

const trieOf = (pieces: ReadonlyArray<string>): Node => {
  const root: Node = { next: new Map(), depth: 0, id: -1 }
  pieces.forEach((piece, index) => {
    let node = root
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i)
      let next = node.next.get(unit)
      if (next === undefined) node.next.set(unit, next = { next: new Map(), depth: i + 1, id: -1 })
      node = next
    }
    node.id = firstPiece + index
  })
  return root
}

/** Where the longest piece that starts at `from` ends in the trie, if one starts there. */
const longest = (trie: Node, text: string, from: number): Node | undefined => {
  let found: Node | undefined
  let node: Node | undefined = trie
  for (let at = from; at < text.length; at++) {
    node = node.next.get(text.charCodeAt(at))
    if (node === undefined) break
    if (node.id >= 0) found = node
  }
  return found
}

const toBytes = new TextEncoder()
const fromBytes = new TextDecoder("utf-8", { ignoreBOM: true })

/** Ids of a character by itself. */
const spell = (character: string): ReadonlyArray<number> => {
  const code = character.charCodeAt(0)
  if (code === 10) return [firstCharacter]
  if (code >= 32 && code < 127) return [firstCharacter + 1 + code - 32]
  return Array.from(toBytes.encode(character)).flatMap((byte) => [firstHigh + (byte >> 4), firstLow + (byte & 15)])
}

export const codec = (vocabulary: Vocabulary): Codec => {
  const trie = trieOf(vocabulary.pieces)
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
        const piece = longest(trie, text, at)
        if (piece !== undefined) {
          ids.push(piece.id)
          at += piece.depth
          continue
        }
        const character = String.fromCodePoint(text.codePointAt(at)!)
        ids.push(...spell(character))
        at += character.length
      }
      return ids
    },
    decode: (ids) => {
      let text = ""
      let bytes: Array<number> = []
      let high = 0
      const flush = (): void => {
        if (bytes.length === 0) return
        text += fromBytes.decode(Uint8Array.from(bytes))
        bytes = []
      }
      for (const id of ids) {
        if (id >= firstHigh && id < firstLow) high = id - firstHigh
        else if (id >= firstLow && id < firstPiece) bytes.push(high * 16 + id - firstLow)
        else {
          flush()
          text += textOf(id)
        }
      }
      flush()
      return text
    },
    roleId: (role) => roles.indexOf(role),
    endingIds: endings.map((ending) => firstPiece + vocabulary.pieces.indexOf(ending))
  }
}
