/** Python objects that can be called, and modules: what a name may stand for besides data. */
import { PythonError } from "./PythonError.ts"
import { bind, type Parameter } from "./Signature.ts"
import { Instance, type Keywords, type Value } from "./Value.ts"

export type Implementation = (positional: ReadonlyArray<Value>, keywords: Keywords) => Value

export abstract class Callable extends Instance {
  /** What a call adds to the steps of an expression, beside its arguments and its result. */
  readonly steps: number = 1
  /** The same for each item of its arguments. */
  readonly stepsPerItem: number = 0
  /** How CPython names the function in errors about unpacked arguments, `len()`. */
  abstract readonly functionText: string
  abstract override call(positional: ReadonlyArray<Value>, keywords: Keywords): Value
}

/** What is implemented here rather than written in Python. */
abstract class Native extends Callable {
  override readonly stepsPerItem = 3
  readonly name: string
  readonly functionText: string
  private readonly implementation: Implementation

  constructor(name: string, implementation: Implementation) {
    super()
    this.name = name
    this.functionText = `${name}()`
    this.implementation = implementation
  }

  override call(positional: ReadonlyArray<Value>, keywords: Keywords): Value {
    return this.implementation(positional, keywords)
  }
}

/** A builtin function, or a method of a builtin type bound to its object. */
export class Builtin extends Native {
  readonly typeName = "builtin_function_or_method"

  override repr(): string {
    return `<built-in function ${this.name}>`
  }
}

/** A builtin type, called to make or convert a value. */
export class Type extends Native {
  readonly typeName = "type"

  override repr(): string {
    return `<class '${this.name}'>`
  }
}

/** A function written in Python. */
export class PythonFunction extends Callable {
  readonly typeName = "function"
  readonly name: string
  readonly functionText: string
  private readonly parameters: ReadonlyArray<Parameter>
  private readonly body: (values: ReadonlyArray<Value>) => Value

  constructor(name: string, parameters: ReadonlyArray<Parameter>, body: (values: ReadonlyArray<Value>) => Value) {
    super()
    this.name = name
    this.functionText = `${name}()`
    this.parameters = parameters
    this.body = body
  }

  override call(positional: ReadonlyArray<Value>, keywords: Keywords): Value {
    const bound = bind(this.name, this.parameters, positional, keywords, [])
    if ("message" in bound) throw new PythonError("TypeError", bound.message)
    return this.body(bound)
  }

  override repr(): string {
    return `<function ${this.name}>`
  }
}

/** Something of which only the type matters here: a module, a class, an interpreter's helper object. */
export class Opaque extends Instance {
  readonly typeName: string
  private readonly text: string

  constructor(typeName: string, text: string) {
    super()
    this.typeName = typeName
    this.text = text
  }

  override repr(): string {
    return this.text
  }
}

export const module = (name: string): Opaque => new Opaque("module", `<module '${name}'>`)
