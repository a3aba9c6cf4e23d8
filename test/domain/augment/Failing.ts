/** Failures of tool sets, provoked by calling their tools. */
import * as Knowing from "../../../src/domain/augment/Knowledge.ts"
import type { FailedCall, Knowledge } from "../../../src/domain/Augmentor.ts"
import { GorillaFileSystem } from "../../../src/domain/bfcl/GorillaFileSystem.ts"
import { MathAPI } from "../../../src/domain/bfcl/MathAPI.ts"
import { MessageAPI } from "../../../src/domain/bfcl/MessageAPI.ts"
import { TicketAPI } from "../../../src/domain/bfcl/TicketAPI.ts"
import { Failure, type Tool, type Toolset } from "../../../src/domain/bfcl/Toolset.ts"
import { TradingBot } from "../../../src/domain/bfcl/TradingBot.ts"
import { TravelAPI } from "../../../src/domain/bfcl/TravelAPI.ts"
import { TwitterAPI } from "../../../src/domain/bfcl/TwitterAPI.ts"
import { VehicleControlAPI } from "../../../src/domain/bfcl/VehicleControlAPI.ts"
import type { ToolDocument } from "../../../src/domain/Message.ts"
import { loads } from "../../../src/domain/python/Json.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"

type Arguments = Readonly<Record<string, Value>>
export type Call = readonly [tool: string, args: Arguments]

/** A tool set with its state type closed over. */
export interface Subject {
  readonly name: string
  readonly documents: ReadonlyArray<ToolDocument>
  readonly failures: ReadonlyArray<readonly [tool: string, kind: string]>
  readonly providers: Knowing.Providers
  /** Runs the calls in order on a fresh state; the last one's failure. */
  readonly fail: (config: string, calls: ReadonlyArray<Call>) => FailedCall
}

const types: Readonly<Record<string, string>> = {
  door: "array",
  numbers: "array",
  unlock: "boolean",
  lines: "integer",
  fanSpeed: "integer"
}

const documentOf = <State>({ name, parameters }: Tool<State>): ToolDocument => ({
  name,
  description: "",
  parameters: parameters.map((parameter) => ({
    name: parameter.name,
    type: types[parameter.name] ?? "string",
    description: "",
    required: parameter.default === undefined,
    ...(parameter.default !== undefined && { default: parameter.default === null ? "None" : String(parameter.default) })
  }))
})

const messageOf = ({ standard }: Failure): string => {
  if ("raised" in standard) return standard.raised
  const { returned } = standard
  const error = returned instanceof Dict ? returned.get("error") : undefined
  return typeof error === "string" ? error : repr(error ?? returned)
}

const subjectOf = <State>(toolset: Toolset<State>): Subject => {
  const toolOf = (name: string): Tool<State> => {
    const tool = toolset.tools.find((each) => each.name === name)
    if (tool === undefined) throw new RangeError(`${toolset.name} has no tool ${name}`)
    return tool
  }
  return {
    name: toolset.name,
    documents: toolset.tools.map(documentOf),
    failures: toolset.tools.flatMap(({ failures, name }) => failures.map((kind) => [name, kind] as const)),
    providers: toolset.providers,
    fail: (config, calls) => {
      const read = loads(config)
      if (!(read instanceof Dict)) throw new RangeError("a configuration is a dictionary")
      const state = toolset.load(read, undefined)
      let last: readonly [call: Call, result: Value | Failure] | undefined
      for (const call of calls) {
        const [name, args] = call
        const tool = toolOf(name)
        const bound = tool.parameters.map((parameter) => args[parameter.name] ?? parameter.default ?? null)
        last = [call, tool.run(state, ...bound)]
      }
      if (last === undefined || !(last[1] instanceof Failure)) throw new RangeError("the last call did not fail")
      const [[tool], failure] = last
      return {
        tool,
        call: `${tool}()`,
        kind: failure.kind,
        subject: failure.subject,
        ...(failure.needs !== undefined && { needs: failure.needs }),
        message: messageOf(failure)
      }
    }
  }
}

export const files = subjectOf(GorillaFileSystem)
export const calculator = subjectOf(MathAPI)
export const messages = subjectOf(MessageAPI)
export const posts = subjectOf(TwitterAPI)
export const tickets = subjectOf(TicketAPI)
export const trading = subjectOf(TradingBot)
export const travel = subjectOf(TravelAPI)
export const car = subjectOf(VehicleControlAPI)

export const subjects: ReadonlyArray<Subject> = [files, calculator, messages, posts, tickets, trading, travel, car]

/** Everything of these sets on offer, or what is left without the tools named. */
export const knowledge = (...withheld: ReadonlyArray<string>): Knowledge =>
  Knowing.make(
    subjects.flatMap(({ documents }) => documents).filter(({ name }) => !withheld.includes(name)),
    subjects
  )

export const tree = `{"root": {"home": {"type": "directory", "contents": {
  "docs": {"type": "directory", "contents": {
    "report.txt": {"type": "file", "content": "hello"},
    "sub": {"type": "directory", "contents": {}}}},
  "notes.md": {"type": "file", "content": "alpha"},
  "report.txt": {"type": "file", "content": "beta"}}}}}`

export const account = `{"credit_card_list": {"c1": {"card_number": "c1", "balance": 50.0}, "c2": {"balance": 9000.0}},
  "booking_record": {"b1": {"card_id": "c1", "travel_cost": 10.0}},
  "access_token": "tok", "token_type": "Bearer", "token_expires_in": 3600, "budget_limit": 1000.0}`

export const expired = `{"access_token": "tok", "token_expires_in": 0}`
