/**
 * Python values as the JSON of the oracle's recordings: what JSON would lose (int or float, tuples, sets, order of odd
 * keys, objects) is spelled out in objects with a `$` key.
 */
import { Random } from "../python/Random.ts"
import { PySet } from "../python/Set.ts"
import { floatRepr, str } from "../python/Text.ts"
import { Dict, ellipsis, Tuple, type Value } from "../python/Value.ts"
import { Directory, File } from "./FileTree.ts"
import type { Simulator } from "./Toolsets.ts"

export type Encoded =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<Encoded>
  | { readonly [key: string]: Encoded }

/** An object keeps the order of its keys only when none looks like an index. */
const isPlainKey = (key: Value): key is string =>
  typeof key === "string" && !key.startsWith("$") && !/^(?:0|[1-9]\d*)$/.test(key)

const encodeDict = (dict: Dict): Encoded => {
  const entries = [...dict.entries()]
  const plain: Record<string, Encoded> = {}
  for (const [key, value] of entries) {
    if (!isPlainKey(key)) return { $dict: entries.map(([k, v]) => [encode(k), encode(v)]) }
    plain[key] = encode(value)
  }
  return plain
}

const encodeDirectory = (directory: Directory, ancestors: ReadonlyArray<Directory>): Encoded => {
  if (ancestors.includes(directory)) return { $cycle: true }
  const entries = [...directory.contents.entries()].map(([name, item]): Encoded => [
    encode(name),
    item instanceof Directory ? encodeDirectory(item, [...ancestors, directory]) : encode(item)
  ])
  return { $dir: [encode(directory.name), entries] }
}

const encodeRandom = (random: Random): Encoded => {
  const ahead = random.deepCopy()
  return { $random: { index: random.index, next32: [ahead.next32(), ahead.next32()] } }
}

/** Sets are sorted: numbers by value, and before anything else by text. */
const encodeSet = (set: PySet): Encoded => ({ $set: set.items().map(encode).toSorted(compareEncoded) })

const compareEncoded = (a: Encoded, b: Encoded): number =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1

/** A value in the oracle's encoding, long texts in full. */
export const encode = (value: Value): Encoded => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "bigint":
      return Number.isSafeInteger(Number(value)) || value === 2n ** 53n || value === -(2n ** 53n)
        ? Number(value)
        : { $int: value.toString() }
    case "number":
      return Number.isInteger(value) || !Number.isFinite(value) ? { $float: floatRepr(value) } : value
  }
  if (value === null) return null
  if (Array.isArray(value)) return value.map(encode)
  if (value instanceof Dict) return encodeDict(value)
  if (value instanceof Tuple) return { $tuple: value.items.map(encode) }
  if (value instanceof PySet) return encodeSet(value)
  if (value instanceof Random) return encodeRandom(value)
  if (value instanceof File) return { $file: [encode(value.name), encode(value.content)] }
  if (value instanceof Directory) return encodeDirectory(value, [])
  return value === ellipsis ? { $ellipsis: true } : { $object: str(value) }
}

/** Whether a directory is in a tree, by identity. Shared and cyclic parts are entered once. */
const isWithin = (directory: Directory, root: Directory): boolean => {
  const seen = new Set<Directory>()
  const waiting = [root]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === directory) return true
    if (seen.has(next)) continue
    seen.add(next)
    for (const item of next.contents.values()) if (item instanceof Directory) waiting.push(item)
  }
  return false
}

/** The current directory: where its parents say it is, whether it is still there, and what is in it. */
const encodeCurrent = (directory: Directory, root: Value | undefined): Encoded => {
  const chain: Array<Encoded> = []
  for (let at: Directory | undefined = directory; at !== undefined; at = at.parent) chain.unshift(encode(at.name))
  return {
    $cwd: {
      chain,
      in_tree: root instanceof Directory && isWithin(directory, root),
      entries: [...directory.contents.keys()].map(encode)
    }
  }
}

/** All attributes of an instance, in Python's order. */
export const encodeState = (instance: Simulator): { readonly [name: string]: Encoded } => {
  const attributes = instance.attributes()
  const root = attributes.find(([name]) => name === "root")?.[1]
  return Object.fromEntries(
    attributes.map(([name, value]) => [
      name,
      name === "_current_dir" && value instanceof Directory ? encodeCurrent(value, root) : encode(value)
    ])
  )
}
