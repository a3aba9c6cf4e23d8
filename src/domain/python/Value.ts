/**
 * Python values, as far as BFCL's tools can make them.
 *
 * `int` is a bigint and `float` is a number, so 3 and 3.0 stay apart; a `list` is a
 * JavaScript array (shared by reference, like Python's); everything else that Python
 * prints or compares in its own way is a class of this module or extends `Instance`.
 */

export type Value = null | boolean | bigint | number | string | Array<Value> | Dict | Tuple | Instance

/**
 * A Python exception: `type` is the class name (`KeyError`), `message` is `str(exception)`.
 *
 * It is thrown as Python throws, and no JavaScript `Error`: it says what an agent did, several times a turn, and the
 * stack trace that an `Error` takes would cost more than the turn.
 */
export class PythonError {
  readonly type: string
  readonly message: string
  constructor(type: string, message: string) {
    this.type = type
    this.message = message
  }

  /** The last line of Python's traceback. */
  toString(): string {
    return `${this.type}: ${this.message}`
  }
}

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
  /** What `for` goes through; absent when Python says "not iterable". */
  iterate?(): Iterable<Value>
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
}

/** A `tuple`. Immutable, and hashable when its items are. */
export class Tuple {
  readonly items: ReadonlyArray<Value>
  constructor(items: ReadonlyArray<Value>) {
    this.items = items
  }
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

/** An item of a tuple's slot: its kind and length in front, so that no two tuples share a spelling. */
const itemSlot = (item: Value): string => {
  const slot = slotOf(item)
  const text = slot instanceof Instance ? slot.repr() : String(slot)
  return `${typeof slot}${text.length}:${text}`
}

/**
 * Python's `dict`: insertion order, keys of any hashable type, `1`, `1.0` and `True` one key.
 *
 * JavaScript's own objects would reorder integer-like keys and turn every key into text,
 * and both show up in BFCL's results.
 */
export class Dict {
  private readonly slots = new Map<Slot, Value>()
  /** The keys as they were given, where they differ from their slot (`True`, `1.0`, tuples). */
  private odd: Map<Slot, Value> | undefined

  static of(entries: Readonly<Record<string, Value>>): Dict {
    const dict = new Dict()
    for (const key in entries) dict.slots.set(key, entries[key]!)
    return dict
  }

  static from(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) dict.set(key, value)
    return dict
  }

  get size(): number {
    return this.slots.size
  }

  get(key: Value): Value | undefined {
    return this.slots.get(slotOf(key))
  }

  has(key: Value): boolean {
    return this.slots.has(slotOf(key))
  }

  /** A new key goes to the end; a known key keeps its place and its first spelling, as in Python. */
  set(key: Value, value: Value): void {
    const slot = slotOf(key)
    if (slot !== key && !this.slots.has(slot)) (this.odd ??= new Map()).set(slot, key)
    this.slots.set(slot, value)
  }

  delete(key: Value): boolean {
    const slot = slotOf(key)
    this.odd?.delete(slot)
    return this.slots.delete(slot)
  }

  keys(): IterableIterator<Value> {
    return this.odd === undefined ? this.slots.keys() : this.oddKeys()
  }

  values(): IterableIterator<Value> {
    return this.slots.values()
  }

  entries(): IterableIterator<[Value, Value]> {
    return this.odd === undefined ? this.slots.entries() : this.oddEntries()
  }

  /** A shallow copy, `dict(x)`. */
  copy(): Dict {
    return Dict.from(this.entries())
  }

  equals(that: Dict): boolean {
    if (this === that) return true
    if (this.slots.size !== that.slots.size) return false
    for (const [slot, value] of this.slots) {
      const other = that.slots.get(slot)
      if (other === undefined || !equals(value, other)) return false
    }
    return true
  }

  private *oddKeys(): IterableIterator<Value> {
    for (const slot of this.slots.keys()) yield this.keyOf(slot)
  }

  private *oddEntries(): IterableIterator<[Value, Value]> {
    for (const [slot, value] of this.slots) yield [this.keyOf(slot), value]
  }

  private keyOf(slot: Slot): Value {
    return this.odd?.get(slot) ?? slot
  }
}

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
    return (typeof b === "bigint" || typeof b === "number") && a == b
  }
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false
  if (Array.isArray(a)) return Array.isArray(b) && equalItems(a, b)
  if (a instanceof Tuple) return b instanceof Tuple && equalItems(a.items, b.items)
  if (a instanceof Dict) return b instanceof Dict && a.equals(b)
  return a.equals(b)
}

const equalItems = (a: ReadonlyArray<Value>, b: ReadonlyArray<Value>): boolean =>
  a.length === b.length && a.every((item, i) => equals(item, b[i]!))

/** Python's `copy.deepcopy` for plain data; instances are shared. */
export const deepCopy = (value: Value): Value => {
  if (value === null || typeof value !== "object") return value
  if (Array.isArray(value)) return value.map(deepCopy)
  if (value instanceof Dict) {
    const copy = new Dict()
    for (const [key, item] of value.entries()) copy.set(key, deepCopy(item))
    return copy
  }
  return value instanceof Tuple ? new Tuple(value.items.map(deepCopy)) : value
}
