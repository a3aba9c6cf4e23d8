/** Ground-truth call strings as an agent would say them, in each of the protocols. */
import type { Message } from "../Message.ts"
import * as Protocol from "../Protocol.ts"
import { evaluate } from "../python/Evaluate.ts"
import { dumps } from "../python/Json.ts"
import { parse } from "../python/Parser.ts"
import { PythonError } from "../python/PythonError.ts"
import { Dict, type Value } from "../python/Value.ts"
import { callText } from "./LiteralCall.ts"
import type { Mode } from "./Official.ts"
import { toolOf } from "./Toolsets.ts"

const noNames = (): undefined => undefined

/** A call with its arguments by name. */
interface NamedCall {
  readonly name: string
  readonly given: Dict
}

const namedCall = (call: string): NamedCall => {
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
  return { name, given }
}

/** `cd('docs')` as `{"name": "cd", "arguments": {"folder": "docs"}}`. Throws `PythonError` for what is no call of a known tool. */
export const asJsonCall = (call: string): Dict => {
  const { given, name } = namedCall(call)
  return Dict.of({ name, arguments: given })
}

/** All calls of a turn in one message of the training protocol. */
export const callMessage = (calls: ReadonlyArray<string>): string => {
  const spoken: Array<Value> = calls.map(asJsonCall)
  return Protocol.toolCall(dumps(spoken, { ensureAscii: false }))
}

const assistant = (content: string): Message => ({ role: "assistant", content })

/** A turn of the training protocol: its calls in one message, where there are any, then an answer. */
export const trainingTurn = (calls: ReadonlyArray<string>): ReadonlyArray<Message> => [
  ...calls.length === 0 ? [] : [assistant(callMessage(calls))],
  assistant(Protocol.answer("Done."))
]

const officialCalls = (calls: ReadonlyArray<NamedCall>, mode: Mode): Message =>
  mode === "fc"
    ? {
      ...assistant(""),
      toolCalls: calls.map(({ given, name }, i) => ({
        id: `call_${i}`,
        name,
        arguments: dumps(given, { ensureAscii: false })
      }))
    }
    : assistant(`[${calls.map(({ given, name }) => callText(name, given)).join(", ")}]`)

/** A turn of an official loop. Arguments are by name: the prompting loop's decoder drops the others. */
export const officialTurn = (calls: ReadonlyArray<string>, mode: Mode): ReadonlyArray<Message> => [
  ...calls.length === 0 ? [] : [officialCalls(calls.map(namedCall), mode)],
  assistant("Done.")
]
