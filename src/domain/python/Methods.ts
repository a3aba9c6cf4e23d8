/** Attributes of Python's own types: the methods that turn one tool's result into another tool's argument. */
import { Builtin } from "./Callable.ts"
import { format } from "./Format.ts"
import { checkText } from "./Limits.ts"
import { sorted, toIndex } from "./Number.ts"
import { PythonError, typeError } from "./PythonError.ts"
import { bitLength, fraction } from "./Rounding.ts"
import * as Text from "./Text.ts"
import { attributeError, Dict, equals, Instance, iterate, type Keywords, Tuple, typeName, type Value } from "./Value.ts"

type Method<Self> = (self: Self, given: ReadonlyArray<Value>, keywords: Keywords) => Value

const text = (value: Value | undefined, name: string): string => {
  if (typeof value === "string") return value
  throw typeError(`${name}() argument 1 must be str, not ${typeName(value ?? null)}`)
}

/** The part of a text that is looked for. */
const part = (value: Value): string => {
  if (typeof value === "string") return value
  throw typeError(`must be str, not ${typeName(value)}`)
}

const textOrNone = (value: Value | undefined, name: string): string | undefined =>
  value === undefined || value === null ? undefined : text(value, name)

/** A method that takes from `least` to `most` positional arguments and no keywords. */
const positional =
  <Self>(least: number, most: number, run: (self: Self, given: ReadonlyArray<Value>) => Value): Method<Self> =>
  (self, given, keywords) => {
    if (keywords.length > 0) throw typeError("this method takes no keyword arguments")
    if (given.length < least) throw typeError(`expected at least ${least} argument, got ${given.length}`)
    if (given.length > most) throw typeError(`expected at most ${most} arguments, got ${given.length}`)
    return run(self, given)
  }

const strip = (name: string, ends: "both" | "start" | "end"): Method<string> =>
  positional(0, 1, (self, [unwanted]) => {
    const set = textOrNone(unwanted, name)
    if (set !== undefined) return Text.stripCharacters(self, set, ends)
    return ends === "both" ? Text.strip(self) : ends === "start" ? Text.stripStart(self) : Text.stripEnd(self)
  })

const split: Method<string> = positional(0, 2, (self, [separator, limit]) => {
  const most = limit === undefined ? -1n : toIndex(limit)
  const by = textOrNone(separator, "split")
  if (by === "") throw new PythonError("ValueError", "empty separator")
  const parts = by === undefined ? Text.words(self) : self.split(by)
  if (most < 0n || BigInt(parts.length) <= most + 1n) return parts
  if (by === undefined) throw typeError("envtune splits at white space without a limit only")
  const count = Number(most)
  return [...parts.slice(0, count), parts.slice(count).join(by)]
})

const affix = (name: string, test: (self: string, part: string) => boolean): Method<string> =>
  positional(1, 1, (self, [part = null]) =>
    part instanceof Tuple
      ? part.items.some((item) => test(self, text(item, name)))
      : test(self, text(part, name)))

/** The index in code points of an index in UTF-16 units. */
const codePointIndex = (self: string, index: number): bigint =>
  index < 0 ? -1n : BigInt(Text.length(self.slice(0, index)))

const capitalized = (self: string): string => {
  const first = self === "" ? "" : String.fromCodePoint(self.codePointAt(0)!)
  return Text.upper(first) + Text.lower(self.slice(first.length))
}

/** `"...{}..{name}".format(...)`: positions and names, with conversions and specifications, without attribute access. */
const formatText: Method<string> = (self, given, keywords) => {
  const named = new Map(keywords)
  let next = 0
  let length = self.length
  return self.replaceAll(
    /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::([^{}]*))?\}|[{}]/g,
    (whole, name, conversion, specification) => {
      if (whole === "{{") return "{"
      if (whole === "}}") return "}"
      if (whole === "{" || whole === "}") {
        throw new PythonError("ValueError", `Single '${whole}' encountered in format string`)
      }
      const key = String(name)
      const value = /^\d*$/.test(key)
        ? given[key === "" ? next++ : Number(key)]
        : named.get(key)
      if (value === undefined) {
        if (!/^\d*$/.test(key)) throw new PythonError("KeyError", Text.quote(key))
        throw new PythonError("IndexError", "Replacement index out of range for positional args tuple")
      }
      const formatted = format(converted(value, conversion), specification ?? "")
      length += formatted.length
      checkText(length)
      return formatted
    }
  )
}

/** `!r`, `!s` and `!a` of a replacement field. */
export const converted = (value: Value, conversion: string | undefined): Value => {
  switch (conversion) {
    case "r":
      return Text.repr(value)
    case "s":
      return Text.str(value)
    case "a":
      return Text.ascii(value)
    default:
      return value
  }
}

/** `value.lower()`. */
export const lowered = (value: Value): string => {
  if (typeof value === "string") return Text.lower(value)
  throw attributeError(value, "lower")
}

/** `separator.join(parts)`. */
export const join = (separator: string, parts: Value): string => {
  const texts = Array.from(iterate(parts), (item, i) => {
    if (typeof item === "string") return item
    throw typeError(`sequence item ${i}: expected str instance, ${typeName(item)} found`)
  })
  checkText(separator.length * texts.length + texts.reduce((sum, item) => sum + item.length, 0))
  return texts.join(separator)
}

const textMethods: Readonly<Record<string, Method<string>>> = {
  capitalize: positional(0, 0, capitalized),
  count: positional(1, 1, (self, [wanted = null]) => BigInt(self.split(part(wanted)).length - 1)),
  endswith: affix("endswith", (self, part) => self.endsWith(part)),
  find: positional(1, 1, (self, [wanted = null]) => codePointIndex(self, self.indexOf(part(wanted)))),
  format: formatText,
  index: positional(1, 1, (self, [wanted = null]) => {
    const at = self.indexOf(part(wanted))
    if (at === -1) throw new PythonError("ValueError", "substring not found")
    return codePointIndex(self, at)
  }),
  isdigit: positional(0, 0, Text.isDigit),
  join: positional(1, 1, (self, [parts = null]) => join(self, parts)),
  lower: positional(0, 0, Text.lower),
  lstrip: strip("lstrip", "start"),
  replace: positional(2, 2, (self, [from = null, to = null]) => {
    const [wanted, replacement] = [text(from, "replace"), text(to, "replace")]
    checkText(self.length + self.split(wanted).length * replacement.length)
    return self.replaceAll(wanted, () => replacement)
  }),
  rfind: positional(1, 1, (self, [wanted = null]) => codePointIndex(self, self.lastIndexOf(part(wanted)))),
  rstrip: strip("rstrip", "end"),
  split,
  splitlines: positional(0, 0, (self) => [...Text.splitLines(self)]),
  startswith: affix("startswith", (self, part) => self.startsWith(part)),
  strip: strip("strip", "both"),
  title: positional(0, 0, (self) => self.replaceAll(/\p{L}+/gu, capitalized)),
  upper: positional(0, 0, Text.upper),
  zfill: positional(1, 1, (self, [width = null]) => {
    const [, sign = "", digits = ""] = /^([+-]?)([^]*)$/.exec(self)!
    return sign + digits.padStart(Math.min(Number(toIndex(width)), 10_000) - sign.length, "0")
  })
}

const indexOf = (items: ReadonlyArray<Value>, item: Value, kind: string): bigint => {
  const index = items.findIndex((other) => equals(other, item))
  if (index === -1) throw new PythonError("ValueError", kind)
  return BigInt(index)
}

const listMethods: Readonly<Record<string, Method<Array<Value>>>> = {
  append: positional(1, 1, (self, [item = null]) => {
    self.push(item)
    return null
  }),
  copy: positional(0, 0, (self) => [...self]),
  count: positional(1, 1, (self, [item = null]) => BigInt(self.filter((other) => equals(other, item)).length)),
  extend: positional(1, 1, (self, [items = null]) => {
    self.push(...iterate(items))
    return null
  }),
  index: positional(1, 1, (self, [item = null]) => indexOf(self, item, `${Text.repr(item)} is not in list`)),
  pop: positional(0, 0, (self) => {
    const last = self.pop()
    if (last === undefined) throw new PythonError("IndexError", "pop from empty list")
    return last
  }),
  reverse: positional(0, 0, (self) => {
    self.reverse()
    return null
  }),
  sort: positional(0, 0, (self) => {
    self.splice(0, self.length, ...sorted(self))
    return null
  })
}

const tupleMethods: Readonly<Record<string, Method<Tuple>>> = {
  count: positional(1, 1, (self, [item = null]) => BigInt(self.items.filter((other) => equals(other, item)).length)),
  index: positional(1, 1, (self, [item = null]) => indexOf(self.items, item, "tuple.index(x): x not in tuple"))
}

/** What a dictionary's `items`, `keys` and `values` return. */
class View extends Instance {
  readonly typeName: string
  private readonly contents: ReadonlyArray<Value>

  constructor(type: string, contents: ReadonlyArray<Value>) {
    super()
    this.typeName = type
    this.contents = contents
  }

  override repr(): string {
    return `${this.typeName}([${this.contents.map(Text.repr).join(", ")}])`
  }

  override iterate(): Iterable<Value> {
    return this.contents
  }

  override length(): number {
    return this.contents.length
  }

  override truthy(): boolean {
    return this.contents.length > 0
  }
}

const dictMethods: Readonly<Record<string, Method<Dict>>> = {
  copy: positional(0, 0, (self) => self.copy()),
  get: positional(1, 2, (self, [key = null, otherwise = null]) => self.has(key) ? self.get(key)! : otherwise),
  items: positional(0, 0, (self) => new View("dict_items", Array.from(self.entries(), (entry) => new Tuple(entry)))),
  keys: positional(0, 0, (self) => new View("dict_keys", [...self.keys()])),
  values: positional(0, 0, (self) => new View("dict_values", [...self.values()]))
}

const floatMethods: Readonly<Record<string, Method<number>>> = {
  as_integer_ratio: positional(0, 0, (self) => {
    const [numerator, bits] = fraction(finite(self, "integer ratio"))
    return new Tuple([numerator, 1n << bits])
  }),
  conjugate: positional(0, 0, (self) => self),
  is_integer: positional(0, 0, (self) => Number.isInteger(self))
}

const intMethods: Readonly<Record<string, Method<bigint>>> = {
  as_integer_ratio: positional(0, 0, (self) => new Tuple([self, 1n])),
  bit_count: positional(0, 0, (self) => BigInt(self.toString(2).replaceAll(/[^1]/g, "").length)),
  bit_length: positional(0, 0, (self) => BigInt(bitLength(self))),
  conjugate: positional(0, 0, (self) => self)
}

const finite = (value: number, wanted: string): number => {
  if (Number.isNaN(value)) throw new PythonError("ValueError", `cannot convert NaN to ${wanted}`)
  if (!Number.isFinite(value)) throw new PythonError("OverflowError", `cannot convert Infinity to ${wanted}`)
  return value
}

const floatAttribute = (value: number, name: string): Value | undefined => {
  if (name === "real") return value
  return name === "imag" ? 0 : bound(floatMethods, value, name)
}

const intAttribute = (value: bigint, name: string): Value | undefined => {
  switch (name) {
    case "real":
    case "numerator":
      return value
    case "imag":
      return 0n
    case "denominator":
      return 1n
    default:
      return bound(intMethods, value, name)
  }
}

const bound = <Self>(
  methods: Readonly<Record<string, Method<Self>>>,
  self: Self,
  name: string
): Value | undefined => {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  return method && new Builtin(name, (given, keywords) => method(self, given, keywords))
}

/** `value.name`; undefined when Python's type has no such attribute, or this module does not know it. */
export const attribute = (value: Value, name: string): Value | undefined => {
  if (typeof value === "string") return bound(textMethods, value, name)
  if (typeof value === "number") return floatAttribute(value, name)
  if (typeof value === "bigint" || typeof value === "boolean") return intAttribute(BigInt(value), name)
  if (value === null) return undefined
  if (Array.isArray(value)) return bound(listMethods, value, name)
  if (value instanceof Dict) return bound(dictMethods, value, name)
  return value instanceof Tuple ? bound(tupleMethods, value, name) : value.attribute?.(name)
}
