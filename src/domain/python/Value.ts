/**
 * Python values, as far as BFCL's tools can make them.
 *
 * `int` is a bigint and `float` is a number, so 3 and 3.0 stay apart; a `list` is a
 * JavaScript array (shared by reference, like Python's); everything else that Python
 * prints or compares in its own way is a class of this module or extends `Instance`.
 */

import { PythonError } from "./PythonError.ts"

export type Value = null | boolean | bigint | number | string | Array<Value> | Dict | Tuple | Instance

/** Keyword arguments in the order of the call. */
export type Keywords = ReadonlyArray<readonly [name: string, value: Value]>

/**
 * An object that is no plain data: of a simulator (a file, a directory), a set, a builtin, a module.
 * What Python's protocols ask of it (`repr`, `==`, truth, iteration, attributes, calls) are its methods.
 */
export abstract class Instance {
  /** Python's `type(x).__name__`. */
  abstract readonly typeName: string
  /** Whether it may be a key of a dictionary. */
  readonly hashable: boolean = true
  /** Python's `repr(x)`. */
  abstract repr(): string
  /** Python's `str(x)`. */
  str(): string {
    return this.repr()
  }
  /** Python's `==`; identity unless the class says otherwise. */
  equals(that: Value): boolean {
    return this === that
  }
  /** Python's `bool(x)`. */
  truthy(): boolean {
    return true
  }
  /** Python's `copy.deepcopy(x)`: itself unless it has a state that changes. */
  deepCopy(): Instance {
    return this
  }
  /** See `freeze`. */
  freeze(): void {}
  /** What `for` goes through; absent when Python says "not iterable". */
  iterate?(): Iterable<Value>
  /** `item in x`, where it is not found by going through. */
  has?(item: Value): boolean
  /** `x.name`; undefined when there is none. */
  attribute?(name: string): Value | undefined
  /** `x(...)`; absent when Python says "not callable". */
  call?(positional: ReadonlyArray<Value>, keywords: Keywords): Value
  /** `x[key]`; absent when Python says "not subscriptable". */
  item?(key: Value): Value
  /** `len(x)`. */
  length?(): number
  /** `x - that` and its like, by operator; undefined when Python answers NotImplemented. */
  binary?(operator: string, that: Value): Value | undefined
  /** `that - x` and its like, where `that` has no answer of its own. */
  reflected?(operator: string, that: Value): Value | undefined
}

/** A `tuple`. Immutable, and hashable when its items are. */
export class Tuple {
  readonly items: ReadonlyArray<Value>
  constructor(items: ReadonlyArray<Value>) {
    this.items = items
  }
}

/** The value of an object's own key: it has others that nobody gave it (`constructor`). */
const fieldOf = (fields: Readonly<Record<string, Value>>, key: string): Value | undefined => {
  const value = fields[key]
  return value === undefined || Object.hasOwn(fields, key) ? value : undefined
}

const equalFields = (
  these: Readonly<Record<string, Value>>,
  those: Readonly<Record<string, Value>>,
  areEqual: (a: Value, b: Value) => boolean
): boolean => {
  let more = 0
  for (const key in these) {
    const other = fieldOf(those, key)
    if (other === undefined || !areEqual(these[key]!, other)) return false
    more++
  }
  for (const _ in those) more--
  return more === 0
}

/** What two keys have in common exactly when Python finds them equal. */
type Slot = string | bigint | number | null | Instance

const slotOf = (key: Value): Slot => {
  switch (typeof key) {
    case "string":
      // A tuple's slot is a string that begins with NUL, so a text that does is told apart.
      return key.charCodeAt(0) === 0 ? `\u0000s${key}` : key
    case "bigint":
      return key
    case "boolean":
      return key ? 1n : 0n
    case "number":
      return Number.isInteger(key) ? BigInt(key) : key
  }
  if (key === null) return key
  if (key instanceof Tuple) return `\u0000(${key.items.map(itemSlot).join("")})`
  if (Array.isArray(key) || key instanceof Dict || !key.hashable) {
    throw new PythonError("TypeError", `unhashable type: '${typeName(key)}'`)
  }
  return key
}

/** Throws Python's TypeError for what cannot be a key of a dictionary. */
export const checkHashable = (value: Value): void => {
  slotOf(value)
}

/** An item of a tuple's slot: its kind and length in front, so that no two tuples share a spelling. */
const itemSlot = (item: Value): string => {
  const slot = slotOf(item)
  const text = slot instanceof Instance ? slot.repr() : String(slot)
  return `${typeof slot}${text.length}:${text}`
}

/** The entries of a dictionary in two parts, for who only looks. */
interface Extension {
  /** The same for all that begin with this base. */
  readonly shared: object
  readonly base: Dict
  readonly added: Dict
}

/**
 * Python's `dict`: insertion order, keys of any hashable type, `1`, `1.0` and `True` one key.
 *
 * JavaScript's own objects would reorder integer-like keys and turn every key into text,
 * and both show up in BFCL's results.
 *
 * A deep copy of a frozen dictionary looks at the same entries, and keeps beside them what is its own: so thousands of
 * sessions that begin alike take no time and no room for what they leave as it was.
 */
export class Dict {
  /** Absent until somebody does more than look at the entries of an object that it was made of. */
  private table: Map<Slot, Value> | undefined
  /** The keys as they were given, where they differ from their slot (`True`, `1.0`, tuples). */
  private odd: Map<Slot, Value> | undefined
  private made: Readonly<Record<string, Value>> | undefined
  private isFrozen = false
  /** Makes a value of the frozen dictionary that this one is a copy of its own; absent once all values are. */
  private adopt: ((value: Value) => Value) | undefined
  /** Of a copy that still looks at the entries of another: the values that it has made its own, or set. */
  private beside: Map<Slot, Value> | undefined
  /** How many keys `beside` has that the table has not; they come after the table's. */
  private added = 0

  constructor(table?: Map<Slot, Value>, made?: Readonly<Record<string, Value>>) {
    this.table = table
    this.made = made
  }

  /** Adopts an object, whose keys look like no index. Most results are made so, and only printed. */
  static of(entries: Readonly<Record<string, Value>>): Dict {
    return new Dict(undefined, entries)
  }

  static from(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) dict.set(key, value)
    return dict
  }

  get size(): number {
    return this.slots.size + this.added
  }

  get frozen(): boolean {
    return this.isFrozen
  }

  /** The same for all dictionaries that look at the same entries, which do not change; undefined when its own may. */
  get shared(): object | undefined {
    return this.isFrozen || (this.adopt !== undefined && this.beside === undefined) ? this.slots : undefined
  }

  /** The entries as an object, where it was made of one and nobody did more than look at them since; not to be changed. */
  get fields(): Readonly<Record<string, Value>> | undefined {
    return this.made
  }

  /** The entries that it still has from another, and those that came after, where there are both and none has changed. */
  get extension(): Extension | undefined {
    const { added, beside, odd } = this
    if (beside === undefined || added < beside.size || odd !== undefined) return undefined
    const { slots } = this
    return slots.size === 0 ? undefined : { shared: slots, base: new Dict(slots), added: new Dict(beside) }
  }

  get(key: Value): Value | undefined {
    if (this.made !== undefined && typeof key === "string") return fieldOf(this.made, key)
    const slot = slotOf(key)
    const own = this.beside?.get(slot)
    if (own !== undefined) return own
    const value = this.slots.get(slot)
    return this.adopt !== undefined && isContainer(value) ? this.adoptedAt(slot, this.adopt(value)) : value
  }

  has(key: Value): boolean {
    if (this.made !== undefined && typeof key === "string") return Object.hasOwn(this.made, key)
    const slot = slotOf(key)
    return this.slots.has(slot) || (this.added > 0 && this.beside!.has(slot))
  }

  /** A new key goes to the end; a known key keeps its place and its first spelling, as in Python. */
  set(key: Value, value: Value): void {
    const slot = slotOf(key)
    if (slot === key && this.adopt !== undefined) {
      this.setBeside(slot, value)
    } else {
      const slots = this.own()
      if (slot !== key && !slots.has(slot)) (this.odd ??= new Map()).set(slot, key)
      slots.set(slot, value)
    }
  }

  delete(key: Value): boolean {
    const slot = slotOf(key)
    if (this.added > 0 && !this.slots.has(slot)) {
      const isThere = this.beside!.delete(slot)
      if (isThere) this.added--
      return isThere
    }
    const slots = this.own()
    this.odd?.delete(slot)
    return slots.delete(slot)
  }

  keys(): IterableIterator<Value> {
    return this.odd === undefined && this.added === 0 ? this.slots.keys() : this.eachKey()
  }

  values(): IterableIterator<Value> {
    return this.touched().values()
  }

  entries(): IterableIterator<[Value, Value]> {
    return this.entriesOf(this.touched())
  }

  /** The first entry, as `entries` has it. */
  first(): [key: Value, value: Value] | undefined {
    for (const slot of this.slots.keys()) return [this.keyOf(slot), this.get(slot)!]
    return this.added > 0 ? this.entries().next().value : undefined
  }

  /** The entries for somebody who only looks: what is in them may be another dictionary's, too. */
  view(): IterableIterator<[Value, Value]> {
    return this.beside === undefined ? this.entriesOf(this.slots) : this.eachEntry()
  }

  /** A shallow copy, `dict(x)`. */
  copy(): Dict {
    const copy = new Dict(new Map(this.touched()))
    copy.odd = this.odd && new Map(this.odd)
    return copy
  }

  /** `copy.deepcopy(x)`, with another way to copy what is in it when `adopt` is given. */
  deepCopy(adopt: (value: Value) => Value = deepCopy): Dict {
    const { shared } = this
    const copy = new Dict(shared === undefined ? this.own() : this.slots)
    copy.odd = this.odd
    copy.adopt = adopt
    if (shared === undefined) copy.own()
    return copy
  }

  /** From now on neither it nor anything in it changes. */
  freeze(): void {
    if (this.shared === undefined) { for (const value of this.own().values()) freeze(value) }
    this.isFrozen = true
    this.adopt = undefined
  }

  equals(that: Dict, areEqual: (a: Value, b: Value) => boolean = equals): boolean {
    if (this.made !== undefined && that.made !== undefined) return equalFields(this.made, that.made, areEqual)
    if (this.size !== that.size) return false
    const agree = (slot: Slot): boolean => {
      const value = this.at(slot)
      const other = that.at(slot)
      return value !== undefined && other !== undefined && areEqual(value, other)
    }
    if (this.slots !== that.slots) return this.eachSlot().every(agree)
    // Of two that look at the same entries, only what is beside them can differ.
    for (const slot of this.slotsBeside()) if (!agree(slot)) return false
    for (const slot of that.slotsBeside()) if (this.beside?.has(slot) !== true && !agree(slot)) return false
    return true
  }

  private get slots(): Map<Slot, Value> {
    return this.table ?? this.tabulated()
  }

  private tabulated(): Map<Slot, Value> {
    const { made } = this
    const table = new Map<Slot, Value>()
    for (const key in made) table.set(key, made[key]!)
    this.made = undefined
    this.table = table
    return table
  }

  /** The entries for somebody who may keep or change what is in them. */
  private touched(): Map<Slot, Value> {
    return this.isFrozen ? this.slots : this.own()
  }

  /** The entries, no other dictionary's from now on. */
  private own(): Map<Slot, Value> {
    if (this.isFrozen) throw new Error("a frozen dictionary does not change")
    const { adopt, beside, slots } = this
    if (adopt === undefined) return slots
    const table = new Map<Slot, Value>()
    for (const [slot, value] of slots) {
      const own = beside?.get(slot)
      table.set(slot, own !== undefined ? own : isContainer(value) ? adopt(value) : value)
    }
    if (beside !== undefined && this.added > 0) { for (const [slot, value] of beside) table.set(slot, value) }
    this.table = table
    this.odd = this.odd && new Map(this.odd)
    this.adopt = undefined
    this.beside = undefined
    this.added = 0
    return table
  }

  private adoptedAt(slot: Slot, own: Value): Value {
    ;(this.beside ??= new Map()).set(slot, own)
    return own
  }

  private setBeside(slot: Slot, value: Value): void {
    const beside = this.beside ??= new Map()
    if (!beside.has(slot) && !this.slots.has(slot)) this.added++
    beside.set(slot, value)
  }

  /** The value for somebody who only looks. */
  private at(slot: Slot): Value | undefined {
    const own = this.beside?.get(slot)
    return own === undefined ? this.slots.get(slot) : own
  }

  private eachKey(): IterableIterator<Value> {
    return Array.from(this.eachSlot(), (slot) => this.keyOf(slot)).values()
  }

  private eachEntry(): IterableIterator<[Value, Value]> {
    return this.eachSlot().map((slot): [Value, Value] => [this.keyOf(slot), this.at(slot)!]).values()
  }

  private slotsBeside(): Iterable<Slot> {
    return this.beside?.keys() ?? []
  }

  /** The table's slots, and those that only `beside` has. */
  private eachSlot(): Array<Slot> {
    const slots = [...this.slots.keys()]
    if (this.added > 0) { for (const slot of this.slotsBeside()) if (!this.slots.has(slot)) slots.push(slot) }
    return slots
  }

  private entriesOf(slots: Map<Slot, Value>): IterableIterator<[Value, Value]> {
    return this.odd === undefined ? slots.entries() : this.oddEntries(slots)
  }

  private *oddEntries(slots: Map<Slot, Value>): IterableIterator<[Value, Value]> {
    for (const [slot, value] of slots) yield [this.keyOf(slot), value]
  }

  private keyOf(slot: Slot): Value {
    return this.odd?.get(slot) ?? slot
  }
}

const isContainer = (value: Value | undefined): value is Value & object => typeof value === "object" && value !== null

/** Python's `...`. */
export const ellipsis: Instance = new (class Ellipsis extends Instance {
  readonly typeName = "ellipsis"
  repr(): string {
    return "Ellipsis"
  }
})()

/** Python's `type(x).__name__`. */
export const typeName = (value: Value): string => {
  switch (typeof value) {
    case "string":
      return "str"
    case "bigint":
      return "int"
    case "number":
      return "float"
    case "boolean":
      return "bool"
  }
  if (value === null) return "NoneType"
  if (Array.isArray(value)) return "list"
  if (value instanceof Dict) return "dict"
  if (value instanceof Tuple) return "tuple"
  return value.typeName
}

/** Python's truth value: empty and zero are false. */
export const truthy = (value: Value): boolean => {
  if (value === null) return false
  if (typeof value === "object") {
    if (Array.isArray(value)) return value.length > 0
    if (value instanceof Dict) return value.size > 0
    return value instanceof Tuple ? value.items.length > 0 : value.truthy()
  }
  return typeof value === "number" ? value !== 0 : Boolean(value)
}

/** What `for item in value` goes through: items, keys, or characters (code points). */
export const iterate = (value: Value): Iterable<Value> => {
  if (typeof value === "string" || Array.isArray(value)) return value
  if (value instanceof Dict) return value.keys()
  if (value instanceof Tuple) return value.items
  if (value instanceof Instance && value.iterate !== undefined) return value.iterate()
  throw new PythonError("TypeError", `'${typeName(value)}' object is not iterable`)
}

/** Python's `item in container`. */
export const contains = (container: Value, item: Value): boolean => {
  if (typeof container === "string") {
    if (typeof item === "string") return container.includes(item)
    throw new PythonError("TypeError", `'in <string>' requires string as left operand, not ${typeName(item)}`)
  }
  if (container instanceof Dict) return container.has(item)
  if (Array.isArray(container)) return container.some((other) => equals(other, item))
  if (container instanceof Tuple) return container.items.some((other) => equals(other, item))
  if (container instanceof Instance && container.has !== undefined) return container.has(item)
  if (container instanceof Instance && container.iterate !== undefined) {
    for (const other of container.iterate()) if (equals(other, item)) return true
    return false
  }
  throw new PythonError("TypeError", `argument of type '${typeName(container)}' is not iterable`)
}

/** The exception of `value.name` where there is no such attribute. */
export const attributeError = (value: Value, name: string): PythonError =>
  new PythonError("AttributeError", `'${typeName(value)}' object has no attribute '${name}'`)

/** Python's `==`: numbers and booleans by value across types, containers by content, dictionaries in any order. */
export const equals = (a: Value, b: Value): boolean => {
  if (a === b) return true
  if (typeof a === "boolean") return equals(a ? 1n : 0n, b)
  if (typeof b === "boolean") return equals(a, b ? 1n : 0n)
  if (typeof a === "bigint" || typeof a === "number") {
    // JavaScript compares a bigint with a number exactly, as Python does.
    // oxlint-disable-next-line eqeqeq
    return typeof b === "bigint" || typeof b === "number" ? a == b : b instanceof Instance && b.equals(a)
  }
  if (a === null || b === null || typeof a !== "object") return false
  if (typeof b !== "object") return a instanceof Instance && a.equals(b)
  if (Array.isArray(a)) return Array.isArray(b) && equalItems(a, b)
  if (a instanceof Tuple) return b instanceof Tuple && equalItems(a.items, b.items)
  if (a instanceof Dict) return b instanceof Dict && a.equals(b)
  return a.equals(b)
}

const equalItems = (a: ReadonlyArray<Value>, b: ReadonlyArray<Value>): boolean =>
  a.length === b.length && a.every((item, i) => equals(item, b[i]!))

/** Python's `copy.deepcopy`, without its memory of what it met before: plain data refers to nothing twice. */
export const deepCopy = (value: Value): Value => {
  if (value === null || typeof value !== "object") return value
  if (Array.isArray(value)) return value.map(deepCopy)
  return value instanceof Tuple ? new Tuple(value.items.map(deepCopy)) : value.deepCopy()
}

/** From now on neither the value nor anything in it changes. */
export const freeze = (value: Value): void => {
  if (value === null || typeof value !== "object") return
  if (Array.isArray(value)) Object.freeze(value).forEach(freeze)
  else if (value instanceof Tuple) value.items.forEach(freeze)
  else value.freeze()
}
