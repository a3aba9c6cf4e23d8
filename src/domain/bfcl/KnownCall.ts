/**
 * Call texts that were read before. Ground truths and the openings of groups repeat themselves, and reading takes longer
 * than running.
 */
import { remembered } from "../Memo.ts"
import { bind } from "../python/Signature.ts"
import type { Value } from "../python/Value.ts"
import { type LiteralCall, literalCall } from "./LiteralCall.ts"
import { type Located, qualifiedName, type Toolbox } from "./Toolbox.ts"

/** What it takes to run a call again, in one place: among thousands of calls, to fetch it from memory is most of the work. */
export class KnownCall {
  readonly text: string
  /** The tools among which it was last looked for, and what was found there. */
  private tools: Toolbox["tools"] | undefined
  located: Located | undefined
  /** The values of the tool's parameters; absent when the arguments do not fit. */
  bound: ReadonlyArray<Value> | undefined
  /** Whether a tool could change its arguments. */
  readonly isMutable: boolean
  readonly literal: LiteralCall | undefined
  /** The tool whose parameters they are: no two have the same name. */
  private boundTo: Located["tool"] | undefined

  constructor(text: string) {
    this.text = text
    this.tools = undefined
    this.located = undefined
    this.bound = undefined
    const literal = literalCall(text)
    this.isMutable = literal?.isMutable ?? false
    this.literal = literal
    this.boundTo = undefined
  }

  /** Finds the tool that is called among these, and binds the arguments. */
  lookUpIn(tools: Toolbox["tools"]): void {
    if (this.tools === tools) return
    const { literal } = this
    const located = literal && tools.get(literal.name)
    this.tools = tools
    this.located = located
    if (literal === undefined || located === undefined || located.tool === this.boundTo) return
    const bound = bind(qualifiedName(located), located.tool.parameters, literal.positional, literal.keywords)
    this.boundTo = located.tool
    this.bound = "message" in bound ? undefined : bound
  }
}

const knownCall = remembered((text) => new KnownCall(text), { maximumTexts: 1 << 12, maximumLength: 1 << 13 })

/** Calls that a script keeps, and UTF-16 units of each: there is one for every world. */
const maximumCalls = 64
const maximumLength = 512

/** In the place of one that is not kept. */
const noCall = new KnownCall("")

/**
 * The calls that a session made, in their order. Most sequences are told again: to look at what came next the last time
 * takes less than to find a text among thousands.
 */
export class Script {
  private readonly calls: Array<KnownCall> = []

  /** The call of that text at that place; a session's calls are read one after the other, from 0. */
  read(position: number, text: string): KnownCall {
    const { calls } = this
    const last = position < calls.length ? calls[position]! : noCall
    if (last.text === text) return last
    const call = knownCall(text)
    if (position < maximumCalls) calls[position] = text.length <= maximumLength ? call : noCall
    return call
  }
}
