/** Compares how outputs are decoded to call strings. */
import { Result } from "effect"
import { parseResponse } from "../../Protocol.ts"
import type { PythonError } from "../../python/PythonError.ts"
import * as Decode from "../Decode.ts"
import { Comparer, type Comparison } from "./Agreement.ts"
import type { Decoded } from "./Recording.ts"

type Recorded<A> = { readonly ok: A } | { readonly err: string; readonly msg: string }

/** A value, or the exception's type and text: what a recording has of either. */
const recorded = <A>(outcome: Result.Result<A, PythonError>): Recorded<A> =>
  Result.match(outcome, {
    onFailure: ({ message, type }) => ({ err: type, msg: message }),
    onSuccess: (ok) => ({ ok })
  })

/** What the paper's parser returns: content and kind, or the whole text and what is wrong with it. */
const parsed = (text: string): readonly [content: string, kind: string] => {
  const response = parseResponse(text)
  return [response.content, response.kind === "malformed" ? response.error : response.kind]
}

/** One output by every decoder that was recorded for it. `line` names the case. */
export const decoded = (line: number, expected: Decoded): Comparison => {
  const comparer = new Comparer(`line ${line}`)
  comparer.called()
  switch (expected.kind) {
    case "prompting":
      comparer.equal(
        "official decoder",
        expected.text,
        expected.official,
        recorded(Decode.promptingCalls(expected.text))
      )
      comparer.equal(
        "paper's decoder",
        expected.text,
        expected.paper,
        recorded(Decode.paperPromptingCalls(expected.text))
      )
      break
    case "tool_call": {
      const { arguments_json: given, name } = expected
      const text = `[{"name": ${JSON.stringify(name)}, "arguments": ${given}}]`
      comparer.equal(
        "official decoder",
        text,
        expected.official_fc,
        recorded(Decode.functionCalls([{ name, arguments: given }]))
      )
      comparer.equal("paper's call string", text, expected.paper_string, { ok: Decode.paperCallString(text) })
      comparer.equal("paper's decoder", text, expected.paper, recorded(Decode.paperCalls(text)))
      break
    }
    case "paper_tool_calls":
      comparer.equal("paper's call string", expected.text, expected.paper_string, {
        ok: Decode.paperCallString(expected.text)
      })
      comparer.equal("paper's decoder", expected.text, expected.paper, recorded(Decode.paperCalls(expected.text)))
      break
    case "paper_parse":
      comparer.equal("paper's parser", expected.text, expected.paper, { ok: parsed(expected.text) })
      break
  }
  return comparer.comparison
}
