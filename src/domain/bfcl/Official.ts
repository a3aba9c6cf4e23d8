/**
 * BFCL's own evaluation (`base_handler.py`) as a state machine: its function-calling loop and its prompting loop, one
 * assistant message in, the next messages out.
 *
 * A turn goes on while the model's messages decode to calls, which are executed, and ends with the first that does not;
 * nothing tells the model that it was not understood. More than twenty steps of calls end the whole conversation. A turn
 * is checked as it ends, by the checker that scores result files, and after the first that fails nothing is checked.
 */
import { Result } from "effect"
import type * as Environment from "../Environment.ts"
import type { Message, ToolDocument } from "../Message.ts"
import { dumps } from "../python/Json.ts"
import { repr } from "../python/Text.ts"
import { Dict } from "../python/Value.ts"
import { type Checker, checker, type Judgement, mismatchDetail, missingDetail, type Steps } from "./Check.ts"
import { type Decoded, functionCalls, promptingCalls } from "./Decode.ts"
import { announcement, type Document, type Tools, updatedFunctions } from "./Documents.ts"
import { type Entry, groundTruth } from "./Entry.ts"
import { execute, type Outcome, stepCode } from "./Execute.ts"
import * as FunctionTools from "./FunctionTools.ts"
import type { LongContext } from "./LongContext.ts"
import { open, type Session } from "./Session.ts"
import { Shared } from "./Shared.ts"
import { reported } from "./Telling.ts"

/** How a model says calls: as tool calls of its API, or as text, a Python list of calls. */
export type Mode = "fc" | "prompting"

/**
 * How results go back to a model that is prompted: in one user message, as BFCL does it for models behind an API, or in
 * a tool message each, as it does for local models, whose chat templates know the role.
 */
export type ResultsAs = "user" | "tool"

export interface Options {
  readonly mode: Mode
  /** `user` when absent. A function-calling model gets tool messages whatever this says. */
  readonly resultsAs?: ResultsAs
  readonly longContext?: LongContext
  /** What the instances are called after; it shows in a result whose text has `name (` in it. */
  readonly modelName?: string
}

/** Steps of calls in a turn that it survives; with one more the conversation is over (`MAXIMUM_STEP_LIMIT`). */
export const maximumSteps = 20

/** The default system prompt of models without function calling (`default_prompts.py`, Apache 2.0). */
export const systemPrompt = (documents: ReadonlyArray<Document>): string =>
  `You are an expert in composing functions.You are given a question and a set of possible functions. Based on the \
question, you will need to make one or more function/tool calls to achieve the purpose. If none of the functions can be \
used, point it out. If the given question lacks the parameters required by the function, also point it out.

You should only return the function calls in your response.

If you decide to invoke any of the function(s), you MUST put it in the format of [func_name1(params_name1=params_value1, \
params_name2=params_value2...), func_name2(params)].  You SHOULD NOT include any other text in the response.

At each turn, you should try your best to complete the tasks requested by the user within the current turn. Continue to \
output functions to call until you have fulfilled the user's request to the best of your ability. Once you have no more \
functions to call, the system will consider the current turn complete and proceed to the next turn or task.

Here is a list of functions in json format that you can invoke.
${dumps(documents.map(({ json }) => json), { indent: 4 })}
`

/** What an episode opens with, and what its turns say. */
export interface Script {
  /** The messages that open each turn. */
  readonly turns: ReadonlyArray<ReadonlyArray<Message>>
  /** What the model may call at the start: for function calling as the API's tools, for prompting as BFCL's documents. */
  readonly tools: ReadonlyArray<ToolDocument>
}

const withSystemPrompt = (
  [first, ...rest]: ReadonlyArray<Message>,
  documents: ReadonlyArray<Document>
): ReadonlyArray<Message> => {
  const prompt = systemPrompt(documents)
  if (first?.role === "system") return [{ role: "system", content: `${prompt}\n\n${first.content}` }, ...rest]
  return [{ role: "system", content: prompt }, ...first === undefined ? [] : [first], ...rest]
}

const promptingScript = (entry: Entry, { offered, revealed }: Tools): Script => ({
  tools: offered.map(({ tool }) => tool),
  turns: entry.turns.map(({ messages }, turn) => {
    const handed = revealed[turn] ?? []
    const said: ReadonlyArray<Message> = handed.length === 0
      ? messages
      : [{ role: "user", content: announcement(handed) }, ...messages]
    return turn === 0 ? withSystemPrompt(said, offered) : said
  })
})

const functionCallingScript = (entry: Entry, { offered, revealed }: Tools): Script => {
  const tools = offered.map(FunctionTools.compile)
  return {
    tools,
    turns: entry.turns.map(({ messages }, turn) => {
      if ((revealed[turn] ?? []).length === 0) return messages
      const handed = revealed.slice(0, turn + 1).flat().map(FunctionTools.compile)
      return [{ role: "user", content: updatedFunctions, tools: [...tools, ...handed] }, ...messages]
    })
  }
}

/** An entry in the words of a loop; `tools` are its documents, compiled for it. */
export const script = (entry: Entry, tools: Tools, mode: Mode): Script =>
  mode === "fc" ? functionCallingScript(entry, tools) : promptingScript(entry, tools)

/** A conversation between two steps. Its sessions move on with it, so each one is stepped at most once. */
export interface Conversation {
  readonly turns: Script["turns"]
  readonly mode: Mode
  readonly resultsAs: ResultsAs
  readonly session: Session
  readonly check: Checker
  /** The calls of the ground truth, by turn. */
  readonly groundTruth: Steps
  /** Whether a turn has failed, after which the checker is of no use. */
  readonly failed: boolean
  /** The turn that the model is in, from 0. */
  readonly turn: number
  /** The calls of this turn, by steps. */
  readonly steps: Steps
}

export interface Step {
  readonly next: Conversation
  readonly transition: Environment.Transition
}

export const start = (entry: Entry, turns: Script["turns"], options: Options): Conversation => {
  const { longContext, mode, modelName = "model", resultsAs = "user" } = options
  return {
    turns,
    mode,
    resultsAs,
    session: open(entry, { name: `${modelName}_${entry.id}`, longContext }),
    groundTruth: groundTruth(entry),
    check: checker(entry, { modelName, shared: new Shared(), ...(longContext !== undefined && { longContext }) }),
    failed: false,
    turn: 0,
    steps: []
  }
}

/** A function-calling model that answers in words has called nothing, which the original finds out by an exception. */
const decode = ({ content, toolCalls = [] }: Message, mode: Mode): Decoded =>
  mode === "fc" ? functionCalls(toolCalls) : promptingCalls(content)

const failureOf = (judgement: Judgement): Pick<Environment.Verdict, "failure" | "detail"> => {
  if (judgement.valid) return {}
  if (judgement.state !== undefined) return { failure: "state", detail: mismatchDetail(judgement.state) }
  return judgement.missing === undefined
    ? { failure: "no_call" }
    : { failure: "response", detail: missingDetail(judgement.missing) }
}

/** The turn is over: it is checked, unless one before it failed, and the next one opens, if there is one. */
const endTurn = (conversation: Conversation, outcomes: ReadonlyArray<Outcome>): Step => {
  const { check, failed, groundTruth, steps, turn, turns } = conversation
  const judgement = failed ? undefined : check(steps)
  const passed = judgement?.valid === true
  const next = turn + 1
  const expected = groundTruth[turn] ?? []
  return {
    next: { ...conversation, turn: next, steps: [], failed: !passed },
    transition: {
      code: passed ? 1 : 0,
      messages: turns[next] ?? [],
      outcomes: outcomes.map((outcome) => reported(outcome)),
      verdict: {
        turn,
        passed,
        ...(judgement === undefined ? { failure: "unchecked" } : failureOf(judgement)),
        ...(!passed && { expected })
      },
      done: next >= turns.length
    }
  }
}

/** The conversation is over before its last turn, which fails the entry. */
const forceQuit = (conversation: Conversation, outcomes: ReadonlyArray<Outcome>): Step => ({
  next: conversation,
  transition: {
    code: 0,
    messages: [],
    outcomes: outcomes.map((outcome) => reported(outcome)),
    verdict: {
      turn: conversation.turn,
      passed: false,
      failure: "force_terminated",
      expected: conversation.groundTruth[conversation.turn] ?? []
    },
    done: true
  }
})

const resultMessages = (
  { mode, resultsAs }: Conversation,
  outcomes: ReadonlyArray<Outcome>,
  { toolCalls = [] }: Message
): ReadonlyArray<Message> => {
  if (mode === "fc") {
    return outcomes.map(({ text }, i): Message => {
      const id = toolCalls[i]?.id
      return { role: "tool", content: text, ...(id !== undefined && { toolCallId: id }) }
    })
  }
  return resultsAs === "tool"
    ? outcomes.map(({ call, text }): Message => ({ role: "tool", name: call, content: text }))
    : [{
      role: "user",
      content: repr(outcomes.map(({ call, text }) => Dict.of({ role: "tool", name: call, content: text })))
    }]
}

/** Plays one assistant message. */
export const step = (conversation: Conversation, message: Message): Step => {
  const calls = Result.getOrElse(decode(message, conversation.mode), (): ReadonlyArray<string> => [])
  if (calls.length === 0) return endTurn(conversation, [])
  const outcomes = calls.map((call) => execute(conversation.session, call))
  const next = { ...conversation, steps: [...conversation.steps, calls] }
  if (next.steps.length > maximumSteps) {
    return next.turn === next.turns.length - 1 ? endTurn(next, outcomes) : forceQuit(next, outcomes)
  }
  return {
    next,
    transition: {
      code: stepCode(outcomes.map(({ text }) => text)),
      messages: resultMessages(conversation, outcomes, message),
      outcomes: outcomes.map((outcome) => reported(outcome)),
      done: false
    }
  }
}
