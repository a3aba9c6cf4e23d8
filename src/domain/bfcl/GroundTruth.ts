/** Ground-truth call strings as an agent of the training protocol would say them. */
import * as Protocol from "../Protocol.ts"
import { evaluate } from "../python/Evaluate.ts"
import { dumps } from "../python/Json.ts"
import { parse } from "../python/Parser.ts"
import { Dict, PythonError, type Value } from "../python/Value.ts"
import { toolOf } from "./Toolsets.ts"

const noNames = (): undefined => undefined

/** `cd('docs')` as `{"name": "cd", "arguments": {"folder": "docs"}}`. Throws `PythonError` for what is no call of a known tool. */
export const asJsonCall = (call: string): Dict => {
  const expression = parse(call)
  if (expression.kind !== "Call" || expression.callee.kind !== "Name") {
    throw new PythonError("ValueError", `${call} is no call of a tool`)
  }
  const name = expression.callee.id
  const parameters = toolOf(name)?.parameters ?? []
  const given = new Dict()
  expression.positional.forEach((value, i) => {
    const parameter = parameters[i]
    if (parameter === undefined) throw new PythonError("ValueError", `${call} has more arguments than ${name} takes`)
    given.set(parameter.name, evaluate(value, noNames))
  })
  for (const keyword of expression.keywords) {
    if (keyword.name !== undefined) given.set(keyword.name, evaluate(keyword.value, noNames))
  }
  return Dict.of({ name, arguments: given })
}

/** All calls of a turn in one message. */
export const callMessage = (calls: ReadonlyArray<string>): string => {
  const spoken: Array<Value> = calls.map(asJsonCall)
  return Protocol.toolCall(dumps(spoken, { ensureAscii: false }))
}

export const answerMessage = Protocol.answer("Done.")
