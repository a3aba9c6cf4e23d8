/** Calls tools of a tool set directly, without an executor. */
import { Failure, type Toolset } from "../../../src/domain/bfcl/Toolset.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import type { Dict, Value } from "../../../src/domain/python/Value.ts"

export interface Called {
  /** Python's repr of what the tool returned. */
  readonly returned?: string
  /** The text of what it raised. */
  readonly raised?: string
  readonly failure?: Failure
}

/** Calls `name` with keyword arguments; defaults fill the rest. */
export const caller =
  <State>(toolset: Toolset<State>, state: State) =>
  (name: string, args: Readonly<Record<string, Value>> = {}): Called => {
    const tool = toolset.tools.find((tool) => tool.name === name)
    if (tool === undefined) throw new Error(`${toolset.name} has no tool ${name}`)
    const values = tool.parameters.map((parameter) => args[parameter.name] ?? parameter.default ?? null)
    try {
      const result = tool.run(state, ...values)
      if (!(result instanceof Failure)) return { returned: repr(result) }
      return "raised" in result.standard
        ? { raised: result.standard.raised, failure: result }
        : { returned: repr(result.standard.returned), failure: result }
    } catch (error) {
      if (error instanceof PythonError) return { raised: error.message }
      throw error
    }
  }

/** A state's attributes as text, private ones included. */
export const snapshot = <State>(toolset: Toolset<State>, state: State): string =>
  toolset.attributes(state).map(([name, value]) => `${name}=${repr(value)}`).join("\n")

export const open = <State>(toolset: Toolset<State>, config: Dict) => {
  const state = toolset.load(config, undefined)
  return { state, call: caller(toolset, state) }
}
