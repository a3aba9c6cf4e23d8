/**
 * Python's builtins, as far as a call of a name that is no tool can reach them: what they return on plain data and the
 * text of the exception when their arguments are not what they want.
 *
 * Nothing here touches the world: there are no files to open, no input to read, and what is printed is gone.
 */
import { Bytes } from "./Bytes.ts"
import { Builtin, Callable, Opaque, Type } from "./Callable.ts"
import { complex } from "./Complex.ts"
import { format } from "./Format.ts"
import * as Methods from "./Methods.ts"
import * as Number from "./Number.ts"
import { PythonError, typeError } from "./PythonError.ts"
import { Range } from "./Range.ts"
import { PySet } from "./Set.ts"
import { bind } from "./Signature.ts"
import { Slice } from "./Subscript.ts"
import * as Text from "./Text.ts"
import {
  attributeError,
  Dict,
  ellipsis,
  Instance,
  iterate,
  type Keywords,
  truthy,
  Tuple,
  typeName,
  type Value
} from "./Value.ts"

type Run = (given: ReadonlyArray<Value>, keywords: Keywords) => Value

/** `name() takes no keyword arguments`. */
const withoutKeywords = (name: string, run: (given: ReadonlyArray<Value>) => Value): Run => (given, keywords) => {
  if (keywords.length > 0) throw typeError(`${name}() takes no keyword arguments`)
  return run(given)
}

/** A function of one argument, with the texts of CPython's METH_O. */
const one = (name: string, run: (value: Value) => Value): Run =>
  withoutKeywords(name, (given) => {
    if (given.length !== 1) throw typeError(`${name}() takes exactly one argument (${given.length} given)`)
    return run(given[0]!)
  })

/** A function without arguments, with the text of CPython's METH_NOARGS. */
const none = (name: string, run: () => Value): Run =>
  withoutKeywords(name, (given) => {
    if (given.length > 0) throw typeError(`${name}() takes no arguments (${given.length} given)`)
    return run()
  })

const checkCount = (name: string, least: number, most: number, count: number): void => {
  if (count >= least && count <= most) return
  const limit = count < least ? least : most
  const bound = least === most ? "" : count < least ? "at least " : "at most "
  throw typeError(`${name} expected ${bound}${limit} argument${limit === 1 ? "" : "s"}, got ${count}`)
}

/** A function of positional arguments, with the texts of CPython's `_PyArg_CheckPositional`. */
const some = (name: string, least: number, most: number, run: (given: ReadonlyArray<Value>) => Value): Run =>
  withoutKeywords(name, (given) => {
    checkCount(name, least, most, given.length)
    return run(given)
  })

/** A function whose parameters have names, with the texts of CPython's Argument Clinic; the first `required` are required. */
const named = (
  name: string,
  parameters: ReadonlyArray<string>,
  required: number,
  run: (values: ReadonlyArray<Value | undefined>) => Value
): Run =>
(given, keywords) => {
  if (given.length + keywords.length > parameters.length) {
    const total = given.length + keywords.length
    const plural = parameters.length === 1 ? "" : "s"
    throw typeError(`${name}() takes at most ${parameters.length} argument${plural} (${total} given)`)
  }
  const values: Array<Value | undefined> = parameters.map((_, i) => given[i])
  for (const [keyword, value] of keywords) {
    const index = parameters.indexOf(keyword)
    if (index !== -1 && index < given.length) {
      throw typeError(`argument for ${name}() given by name ('${keyword}') and position (${index + 1})`)
    }
    if (index !== -1) values[index] = value
  }
  const missing = values.slice(0, required).indexOf(undefined)
  if (missing !== -1) {
    throw typeError(`${name}() missing required argument '${parameters[missing]}' (pos ${missing + 1})`)
  }
  checkNames(name, parameters, keywords)
  return run(values)
}

const checkNames = (name: string, parameters: ReadonlyArray<string>, keywords: Keywords): void => {
  const unknown = keywords.find(([keyword]) => !parameters.includes(keyword))
  if (unknown !== undefined) throw typeError(`'${unknown[0]}' is an invalid keyword argument for ${name}()`)
}

const keyword = (keywords: Keywords, name: string): Value | undefined => keywords.find(([known]) => known === name)?.[1]

const apply = (callee: Value, ...given: ReadonlyArray<Value>): Value => {
  if (callee instanceof Instance && callee.call !== undefined) return callee.call(given, [])
  throw typeError(`'${typeName(callee)}' object is not callable`)
}

/** `min` and `max`: the first of the items that no other one beats. */
const extreme = (name: "min" | "max"): Run => (given, keywords) => {
  checkAtLeastOne(name, given.length)
  checkNames(name, ["key", "default"], keywords)
  const items = given.length > 1 ? given : [...iterate(given[0]!)]
  const key = keyword(keywords, "key") ?? null
  const rank = (value: Value): Value => key === null ? value : apply(key, value)
  let best: Value | undefined
  for (const item of items) {
    const beats = best === undefined
      || (name === "max" ? Number.isGreater(rank(item), rank(best)) : Number.isLess(rank(item), rank(best)))
    if (beats) best = item
  }
  const otherwise = best ?? keyword(keywords, "default")
  if (otherwise === undefined) throw new PythonError("ValueError", `${name}() arg is an empty sequence`)
  return otherwise
}

const checkAtLeastOne = (name: string, count: number): void => {
  if (count === 0) throw typeError(`${name} expected at least 1 argument, got 0`)
}

const sum: Run = (given, keywords) => {
  if (given.length === 0) throw typeError("sum() takes at least 1 positional argument (0 given)")
  const total = given.length + keywords.length
  if (total > 2) throw typeError(`sum() takes at most 2 arguments (${total} given)`)
  checkNames("sum", ["start"], keywords)
  const start = given[1] ?? keyword(keywords, "start") ?? 0n
  if (typeof start === "string") throw typeError("sum() can't sum strings [use ''.join(seq) instead]")
  return Number.sum(iterate(given[0]!), start)
}

const sorted: Run = (given, keywords) => {
  if (given.length !== 1) throw typeError(`sorted expected 1 argument, got ${given.length}`)
  checkNames("sort", ["key", "reverse"], keywords)
  const key = keyword(keywords, "key") ?? null
  const items = [...iterate(given[0]!)]
  const ranks = new Map<Value, Value>(items.map((item) => [new Tuple([key === null ? item : apply(key, item)]), item]))
  const order = Number.sorted(ranks.keys()).map((rank) => ranks.get(rank)!)
  return truthy(keyword(keywords, "reverse") ?? false) ? order.toReversed() : order
}

const noSuchFile = (path: string): PythonError =>
  new PythonError("FileNotFoundError", `[Errno 2] No such file or directory: ${Text.quote(path)}`)

const reversed: Run = some("reversed", 1, 1, ([value = null]) => {
  if (typeof value === "string") return Text.characters(value).toReversed()
  if (Array.isArray(value)) return value.toReversed()
  if (value instanceof Tuple) return value.items.toReversed()
  if (value instanceof Range || value instanceof Dict) return [...iterate(value)].toReversed()
  throw typeError(`'${typeName(value)}' object is not reversible`)
})

const map: Run = withoutKeywords("map", ([callee, ...iterables]) => {
  if (callee === undefined || iterables.length === 0) throw typeError("map() must have at least two arguments.")
  return zipped(iterables).map((items) => apply(callee, ...items))
})

const zipped = (iterables: ReadonlyArray<Value>): Array<ReadonlyArray<Value>> => {
  const all = iterables.map((iterable) => [...iterate(iterable)])
  const shortest = all.length === 0 ? 0 : Math.min(...all.map((items) => items.length))
  return Array.from({ length: shortest }, (_, i) => all.map((items) => items[i]!))
}

const filter: Run = some(
  "filter",
  2,
  2,
  ([callee = null, items = null]) =>
    [...iterate(items)].filter((item) => truthy(callee === null ? item : apply(callee, item)))
)

const characterOf = (value: Value): string => {
  const code = Number.toIndex(value)
  if (code < 0n || code > 0x10ffffn) throw new PythonError("ValueError", "chr() arg not in range(0x110000)")
  return String.fromCodePoint(globalThis.Number(code))
}

const codeOf = (value: Value): bigint => {
  if (typeof value !== "string") {
    throw typeError(`ord() expected string of length 1, but ${typeName(value)} found`)
  }
  const length = Text.length(value)
  if (length !== 1) throw typeError(`ord() expected a character, but string of length ${length} found`)
  return BigInt(value.codePointAt(0)!)
}

const inRadix = (prefix: string, radix: number) => (value: Value): string => {
  const integer = Number.toIndex(value)
  return `${integer < 0n ? "-" : ""}${prefix}${(integer < 0n ? -integer : integer).toString(radix)}`
}

const attributeName = (name: Value): string => {
  if (typeof name === "string") return name
  throw typeError(`attribute name must be string, not '${typeName(name)}'`)
}

const notIterator = (value: Value): PythonError => typeError(`'${typeName(value)}' object is not an iterator`)

const functions: Readonly<Record<string, Run>> = {
  abs: one("abs", Number.absolute),
  all: one("all", (values) => [...iterate(values)].every(truthy)),
  any: one("any", (values) => [...iterate(values)].some(truthy)),
  ascii: one("ascii", Text.ascii),
  bin: one("bin", inRadix("0b", 2)),
  callable: one("callable", (value) => value instanceof Callable),
  chr: one("chr", characterOf),
  compile: named("compile", ["source", "filename", "mode", "flags", "dont_inherit", "optimize"], 3, () => {
    throw new PythonError("RuntimeError", "envtune does not compile code")
  }),
  delattr: some("delattr", 2, 2, ([value = null, name = null]) => {
    throw attributeError(value, attributeName(name))
  }),
  dir: some("dir", 0, 1, () => []),
  divmod: some("divmod", 2, 2, ([a = null, b = null]) => new Tuple([Number.floorDivide(a, b), Number.modulo(a, b)])),
  eval: some("eval", 1, 3, ([source = null]) => {
    if (typeof source !== "string") throw typeError("eval() arg 1 must be a string, bytes or code object")
    throw new PythonError("RuntimeError", "envtune does not evaluate text inside a call")
  }),
  exec: (given, keywords) => {
    if (given.length === 0) throw typeError("exec() takes at least 1 positional argument (0 given)")
    checkNames("exec", ["closure"], keywords)
    if (typeof given[0] !== "string") throw typeError("exec() arg 1 must be a string, bytes or code object")
    throw new PythonError("RuntimeError", "envtune does not execute statements")
  },
  filter,
  format: some("format", 1, 2, ([value = null, specification = ""]) => {
    if (typeof specification === "string") return format(value, specification)
    throw typeError(`format() argument 2 must be str, not ${typeName(specification)}`)
  }),
  getattr: some("getattr", 2, 3, ([value = null, name = null, otherwise]) => {
    const found = Methods.attribute(value, attributeName(name)) ?? otherwise
    if (found === undefined) throw attributeError(value, attributeName(name))
    return found
  }),
  globals: none("globals", () => new Dict()),
  hasattr: some(
    "hasattr",
    2,
    2,
    ([value = null, name = null]) => Methods.attribute(value, attributeName(name)) !== undefined
  ),
  hash: one("hash", (value) => {
    new Dict().set(value, null)
    if (typeof value === "bigint" || typeof value === "boolean") return BigInt(value)
    throw new PythonError("RuntimeError", "envtune hashes integers only")
  }),
  hex: one("hex", inRadix("0x", 16)),
  id: one("id", () => 0n),
  input: some("input", 0, 1, () => {
    throw new PythonError("EOFError", "EOF when reading a line")
  }),
  isinstance: some("isinstance", 2, 2, ([value = null, type = null]) => isInstance(value, type)),
  issubclass: some("issubclass", 2, 2, () => {
    throw typeError("issubclass() arg 1 must be a class")
  }),
  iter: some("iter", 1, 2, ([value = null, sentinel]) => {
    if (sentinel !== undefined) throw typeError("iter(v, w): v must be callable")
    return [...iterate(value)]
  }),
  len: one("len", (value) => BigInt(Number.len(value))),
  locals: none("locals", () => new Dict()),
  max: extreme("max"),
  min: extreme("min"),
  next: some("next", 1, 2, ([value = null]) => {
    throw notIterator(value)
  }),
  oct: one("oct", inRadix("0o", 8)),
  open: named(
    "open",
    ["file", "mode", "buffering", "encoding", "errors", "newline", "closefd", "opener"],
    1,
    ([file = null]) => {
      if (typeof file === "string") throw noSuchFile(file)
      if (typeof file === "bigint") throw new PythonError("OSError", "[Errno 9] Bad file descriptor")
      throw typeError(`expected str, bytes or os.PathLike object, not ${typeName(file)}`)
    }
  ),
  ord: one("ord", codeOf),
  pow: named("pow", ["base", "exp", "mod"], 2, ([base = null, exponent = null, modulus]) => {
    const result = Number.power(base, exponent)
    return modulus === undefined || modulus === null ? result : Number.modulo(result, modulus)
  }),
  print: (_, keywords) => {
    checkNames("print", ["sep", "end", "file", "flush"], keywords)
    return null
  },
  repr: one("repr", Text.repr),
  round: named("round", ["number", "ndigits"], 1, ([value = null, digits = null]) => Number.round(value, digits)),
  setattr: some("setattr", 3, 3, ([value = null, name = null]) => {
    throw attributeError(value, attributeName(name))
  }),
  sorted,
  sum,
  vars: some("vars", 0, 1, ([value]) => {
    if (value === undefined) return new Dict()
    throw typeError("vars() argument must have __dict__ attribute")
  })
}

const isInstance = (value: Value, type: Value): boolean => {
  if (type instanceof Tuple) return type.items.some((other) => isInstance(value, other))
  if (!(type instanceof Type)) {
    throw typeError("isinstance() arg 2 must be a type, a tuple of types, or a union")
  }
  return type.name === typeName(value) || type.name === "object" || (type.name === "int" && typeof value === "boolean")
}

const dict: Run = (given, keywords) => {
  checkCount("dict", 0, 1, given.length)
  const result = new Dict()
  const [source] = given
  if (source instanceof Dict) { for (const [key, value] of source.entries()) result.set(key, value) }
  else if (source !== undefined) {
    for (const [i, pair] of [...iterate(source)].entries()) {
      const items = pairOf(pair, i)
      result.set(items[0], items[1])
    }
  }
  for (const [name, value] of keywords) result.set(name, value)
  return result
}

const pairOf = (pair: Value, i: number): readonly [Value, Value] => {
  let items: ReadonlyArray<Value>
  try {
    items = [...iterate(pair)]
  } catch {
    throw typeError(`cannot convert dictionary update sequence element #${i} to a sequence`)
  }
  const [key, value] = items
  if (items.length === 2 && key !== undefined && value !== undefined) return [key, value]
  throw new PythonError(
    "ValueError",
    `dictionary update sequence element #${i} has length ${items.length}; 2 is required`
  )
}

const int: Run = (given, keywords) => {
  checkNames("int", ["base"], keywords)
  if (given.length > 2) throw typeError(`int() takes at most 2 arguments (${given.length} given)`)
  const [value, positionalBase] = given
  const base = positionalBase ?? keyword(keywords, "base")
  if (value === undefined) {
    if (base !== undefined) throw typeError("int() missing string argument")
    return 0n
  }
  if (base === undefined || base === 10n) return Number.toInt(value)
  if (typeof value !== "string") throw typeError("int() can't convert non-string with explicit base")
  const parsed = globalThis.Number.parseInt(value, globalThis.Number(Number.toIndex(base)))
  if (globalThis.Number.isNaN(parsed)) {
    throw new PythonError("ValueError", `invalid literal for int() with base ${Text.str(base)}: ${Text.quote(value)}`)
  }
  return BigInt(parsed)
}

const range: Run = withoutKeywords("range", (given) => {
  checkCount("range", 1, 3, given.length)
  const [first = 0n, second, third = 1n] = given.map(Number.toIndex)
  if (third === 0n) throw new PythonError("ValueError", "range() arg 3 must not be zero")
  return second === undefined ? new Range(0n, first, 1n) : new Range(first, second, third)
})

const bytes: Run = (given, keywords) => {
  checkNames("bytes", ["source", "encoding", "errors"], keywords)
  const [source] = given
  if (source === undefined) return new Bytes(new Uint8Array())
  if (typeof source === "string") {
    if (given.length + keywords.length < 2) throw typeError("string argument without an encoding")
    return new Bytes(new TextEncoder().encode(source))
  }
  if (typeof source === "bigint" || typeof source === "boolean") {
    return new Bytes(new Uint8Array(Math.min(globalThis.Number(source), 1 << 16)))
  }
  return new Bytes(Uint8Array.from(iterate(source), (byte) => globalThis.Number(Number.toIndex(byte))))
}

const collected = (name: string, make: (items: ReadonlyArray<Value>) => Value): Run =>
  some(name, 0, 1, ([items]) => make(items === undefined ? [] : [...iterate(items)]))

const methodHolder = (name: string): Run => some(name, 1, 1, () => new Opaque(name, `<${name} object>`))

const types: Readonly<Record<string, Run>> = {
  bool: some("bool", 0, 1, ([value = false]) => truthy(value)),
  bytes,
  classmethod: methodHolder("classmethod"),
  complex: named("complex", ["real", "imag"], 0, ([real = 0n, imaginary]) => complex(real, imaginary)),
  dict,
  enumerate: named(
    "enumerate",
    ["iterable", "start"],
    1,
    ([items = null, start = 0n]) =>
      Array.from(iterate(items), (item, i) => new Tuple([Number.add(start, BigInt(i)), item]))
  ),
  float: some("float", 0, 1, ([value = 0]) => Number.toFloat(value)),
  frozenset: collected("frozenset", (items) => new PySet(items)),
  int,
  list: collected("list", (items) => [...items]),
  memoryview: named("memoryview", ["object"], 1, ([value = null]) => {
    throw typeError(`memoryview: a bytes-like object is required, not '${typeName(value)}'`)
  }),
  object: (given, keywords) => {
    if (given.length + keywords.length > 0) throw typeError("object() takes no arguments")
    return new Opaque("object", "<object object>")
  },
  range,
  reversed,
  set: collected("set", (items) => new PySet(items)),
  slice: some(
    "slice",
    1,
    3,
    ([first = null, second, third = null]) =>
      second === undefined ? new Slice(null, first, null) : new Slice(first, second, third)
  ),
  staticmethod: methodHolder("staticmethod"),
  str: (given, keywords) => {
    checkNames("str", ["object", "encoding", "errors"], keywords)
    const value = given[0] ?? keyword(keywords, "object")
    return value === undefined ? "" : Text.str(value)
  },
  super: some("super", 0, 2, ([type]) => {
    if (type === undefined) throw new PythonError("RuntimeError", "super(): no arguments")
    throw typeError(`super() argument 1 must be a type, not ${typeName(type)}`)
  }),
  tuple: collected("tuple", (items) => new Tuple(items)),
  type: (given, keywords) => {
    if (keywords.length > 0) throw typeError("type() takes no keyword arguments")
    if (given.length !== 1) throw typeError("type() takes 1 or 3 arguments")
    return typeOf(given[0]!)
  },
  zip: (given, keywords) => {
    checkNames("zip", ["strict"], keywords)
    return zipped(given).map((items) => new Tuple(items))
  }
}

const typeObjects: ReadonlyMap<string, Type> = new Map(
  [...Object.entries(types), ["map", map] as const, ["filter", filter] as const].map(
    ([name, run]) => [name, new Type(name, run)] as const
  )
)

const typeOf = (value: Value): Value => {
  const name = typeName(value)
  return typeObjects.get(name) ?? new Opaque("type", `<class '${name}'>`)
}

/** What `help` is: an object that can be called, and prints. */
class Helper extends Callable {
  readonly typeName = "_Helper"
  readonly functionText = "help()"

  override call(positional: ReadonlyArray<Value>, keywords: Keywords): Value {
    const bound = bind("Helper.__call__", [{ name: "request", default: null }], positional, keywords)
    if ("message" in bound) throw typeError(bound.message)
    return null
  }

  override repr(): string {
    return "Type help() for interactive help, or help(object) for help about object."
  }
}

/** Builtins that are neither functions nor types, and what Python shows of them. */
const objects: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["Ellipsis", ellipsis],
  ["NotImplemented", new Opaque("NotImplementedType", "NotImplemented")],
  ["__name__", "bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils"],
  ["help", new Helper()],
  ["copyright", new Opaque("_Printer", "Copyright (c) Python Software Foundation.")],
  ["credits", new Opaque("_Printer", "Thanks to everyone for supporting Python development.")],
  ["license", new Opaque("_Printer", "Type license() to see the full license text")],
  ...Object.entries(functions).filter(([name]) => !typeObjects.has(name)).map(([name, run]) =>
    [name, new Builtin(name, run)] as const
  ),
  ...typeObjects
])

/** The builtin of that name. */
export const builtin = (name: string): Value | undefined => objects.get(name)
