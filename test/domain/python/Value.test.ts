import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { dumps } from "../../../src/domain/python/Json.ts"
import { PySet } from "../../../src/domain/python/Set.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { thaw } from "../../../src/domain/python/Thaw.ts"
import {
  contains,
  deepCopy,
  Dict,
  equals,
  freeze,
  truthy,
  Tuple,
  typeName,
  type Value
} from "../../../src/domain/python/Value.ts"
import { jsonValue, raised } from "./values.ts"

describe("Dict", () => {
  it("keeps insertion order, also of keys that look like indices", () => {
    assert.strictEqual(repr(Dict.from([["b", 1n], ["10", 2n], ["2", 3n], [2n, 4n]])), "{'b': 1, '10': 2, '2': 3, 2: 4}")
  })

  it("takes 1, 1.0 and True for one key and keeps its first spelling", () => {
    const dict = Dict.from([[true, "a"], [1n, "b"], [1, "c"]])
    assert.strictEqual(repr(dict), "{True: 'c'}")
    assert.isTrue(dict.delete(1))
    assert.strictEqual(dict.size, 0)
  })

  it("tells tuples apart from texts and from one another", () => {
    const dict = Dict.from([[new Tuple(["a", "b"]), 1n], [new Tuple(["a,b"]), 2n], ["\u0000(string1:a)", 3n]])
    assert.strictEqual(dict.size, 3)
    assert.strictEqual(dict.get(new Tuple(["a", "b"])), 1n)
  })

  it("refuses what Python cannot hash", () => {
    for (const key of [[], new Dict(), new PySet()]) {
      assert.deepInclude(raised(() => new Dict().set(key, 1n)), {
        type: "TypeError",
        message: `unhashable type: '${typeName(key)}'`
      })
    }
  })
})

describe("equals", () => {
  it("compares numbers and booleans by value, exactly", () => {
    assert.isTrue(equals(1n, 1))
    assert.isTrue(equals(true, 1n))
    assert.isFalse(equals("1", 1n))
    assert.isFalse(equals(9007199254740993n, 9007199254740992))
    assert.isFalse(equals(NaN, NaN))
  })

  it("compares dictionaries in any order and lists in theirs", () => {
    assert.isTrue(equals(Dict.of({ a: 1n, b: 2n }), Dict.of({ b: 2, a: 1 })))
    assert.isFalse(equals([1n, 2n], [2n, 1n]))
    assert.isFalse(equals([1n], new Tuple([1n])))
  })

  it.prop("holds between a value and its deep copy, which shares nothing that can change", [jsonValue], ([value]) => {
    const copy = deepCopy(value)
    assert.isTrue(equals(copy, value))
    assert.strictEqual(repr(copy), repr(value))
    if (typeof value === "object" && value !== null) assert.notStrictEqual(copy, value)
  })
})

/** Changes a value and all that is in it. */
const spoil = (value: Value): void => {
  if (Array.isArray(value)) {
    value.forEach(spoil)
    value.push("spoiled")
  } else if (value instanceof Dict) {
    for (const key of value.keys()) spoil(value.get(key)!)
    value.set("spoiled", true)
  }
}

describe("what is frozen", () => {
  it.prop("is not changed by what happens to its copies", [jsonValue], ([value]) => {
    const before = repr(value)
    freeze(value)
    const [copy, other, copyOfCopy] = [deepCopy(value), deepCopy(value), deepCopy(deepCopy(value))]
    spoil(copy)
    spoil(copyOfCopy)
    assert.strictEqual(repr(value), before)
    assert.strictEqual(repr(other), before)
    assert.isTrue(equals(other, value))
    assert.strictEqual(equals(copy, value), repr(copy) === before)
  })

  it.prop("gives copies that are as free as any", [jsonValue], ([value]) => {
    const expected = deepCopy(value)
    spoil(expected)
    freeze(value)
    const [copy, thawed] = [deepCopy(value), thaw([value])]
    spoil(copy)
    assert.strictEqual(repr(copy), repr(expected))
    const [inside = null] = Array.isArray(thawed) ? thawed : []
    spoil(inside)
    assert.strictEqual(repr(inside), repr(expected))
  })

  it("refuses to be changed", () => {
    const dict = Dict.of({ a: [1n] })
    dict.freeze()
    assert.throws(() => dict.set("b", 1n), "a frozen dictionary does not change")
    assert.throws(() => dict.delete("a"), "a frozen dictionary does not change")
    assert.throws(() => spoil(dict.get("a")!))
  })

  it("is the same for copies until one is looked into, and comparable after it", () => {
    const dict = Dict.of({ a: [1n], b: 2n })
    dict.freeze()
    const [untouched, touched] = [dict.deepCopy(), dict.deepCopy()]
    assert.strictEqual(untouched.shared, dict.shared)
    const list = touched.get("a")
    assert.isUndefined(touched.shared)
    assert.strictEqual(touched.get("a"), list)
    assert.isTrue(equals(untouched, touched))
    spoil(list ?? null)
    assert.isFalse(equals(untouched, touched))
    assert.strictEqual(repr(touched), "{'a': [1, 'spoiled'], 'b': 2}")
  })
})

const Kind = Schema.Literals(["get", "set", "delete", "spoil", "keys", "entries", "first", "copy", "freeze"])
const Key = Schema.Literals(["a", "b", "c", "constructor", "1", 1n, 1, true])

/** What may be done to a dictionary: which operation, on which of a few keys, with which value. */
type Operation = readonly [kind: typeof Kind.Type, key: typeof Key.Type, value: Value]

const noneOr = Arbitrary.map(
  Arbitrary.all([Arbitrary.schema(Schema.Boolean), jsonValue]),
  ([isNone, value]): Value => isNone ? null : value
)
const operation = Arbitrary.all([Arbitrary.schema(Kind), Arbitrary.schema(Key), noneOr])
const operations = Arbitrary.array(operation, { minLength: 8 })

/** Does it, and answers what Python would see of it. */
const operate = (dict: Dict, [kind, key, value]: Operation): string => {
  switch (kind) {
    case "get":
      return repr(dict.get(key) ?? "absent")
    case "set":
      dict.set(key, deepCopy(value))
      return ""
    case "delete":
      return String(dict.delete(key))
    case "spoil":
      spoil(dict.get(key) ?? null)
      return ""
    case "keys":
      return repr([...dict.keys()])
    case "entries":
      return repr(Array.from(dict.entries(), (entry) => new Tuple(entry)))
    case "first":
      return repr(dict.first() ?? null)
    case "copy":
      return repr(dict.copy())
    case "freeze":
      freeze(dict.deepCopy())
      return ""
  }
}

const entries = Arbitrary.array(Arbitrary.all([Arbitrary.schema(Key), jsonValue]), { minLength: 3 })

describe("a copy of what is frozen", () => {
  it.prop(
    "is what any other dictionary would be, whatever is done to it",
    [entries, operations],
    ([entries, operations]) => {
      const made = (): Dict => Dict.from(entries.map(([key, value]) => [key, deepCopy(value)] as const))
      const [plain, base] = [made(), made()]
      base.freeze()
      const [copy, other] = [base.deepCopy(), base.deepCopy()]
      for (const operation of operations) {
        assert.strictEqual(operate(copy, operation), operate(plain, operation))
        assert.strictEqual(copy.size, plain.size)
        assert.strictEqual(repr(copy), repr(plain))
        assert.strictEqual(dumps(copy), dumps(plain))
        assert.strictEqual(repr(Dict.from(copy.view())), repr(Dict.from(plain.view())))
        assert.isTrue(equals(copy, plain) && equals(plain, copy))
        assert.strictEqual(equals(copy, base), equals(plain, base))
        assert.strictEqual(equals(other, copy), equals(base, plain))
        for (const key of ["a", "constructor", 1n]) assert.strictEqual(copy.has(key), plain.has(key))
      }
      assert.strictEqual(repr(base), repr(made()))
    }
  )
})

describe("a dictionary made of an object", () => {
  it.prop("is what it would be with its entries set one by one", [jsonValue, operations], ([value, operations]) => {
    const fields = { a: value, b: null, hasOwnProperty: 2n }
    const [made, plain] = [Dict.of({ ...fields, a: deepCopy(value) }), Dict.from(Object.entries(fields))]
    for (const operation of operations) {
      assert.strictEqual(operate(made, operation), operate(plain, operation))
      assert.strictEqual(dumps(made), dumps(plain))
      assert.isTrue(equals(made, plain))
    }
  })
})

const Field = Schema.optionalKey(Schema.Literals([0n, 1n, 1, true]))
const Fields = Schema.Struct({ a: Field, b: Field, constructor: Field })

describe("two dictionaries made of objects", () => {
  it.prop("are equal when their entries are", [Fields, Fields], ([these, those]) => {
    const [a, b] = [these, those].map((fields): Record<string, Value> => ({ ...fields }))
    const [one, other] = [a!, b!].map((fields) => Dict.from(Object.entries(fields)))
    assert.strictEqual(equals(Dict.of(a!), Dict.of(b!)), equals(one!, other!))
  })
})

describe("truth and membership", () => {
  it("takes what is empty or zero for false", () => {
    for (const value of [null, false, 0n, 0, -0, "", [], new Dict(), new Tuple([]), new PySet()]) {
      assert.isFalse(truthy(value))
    }
    for (const value of [true, NaN, "0", [0n], new PySet([0n])]) assert.isTrue(truthy(value))
  })

  it("looks for parts of a text, items of a list and keys of a dictionary", () => {
    assert.isTrue(contains("abc", "bc"))
    assert.isTrue(contains([1n], true))
    assert.isTrue(contains(Dict.of({ a: 1n }), "a"))
    assert.throws(() => contains("abc", 1n), "'in <string>' requires string as left operand, not int")
    assert.throws(() => contains(1n, 1n), "argument of type 'int' is not iterable")
  })
})
