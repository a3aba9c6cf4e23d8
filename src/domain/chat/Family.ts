/** Families of models: how their members speak. The words themselves are in each model's chat template. */
import { Schema } from "effect"
import type { Style } from "./Writing.ts"

export const Family = Schema.Literals(["qwen2_5", "qwen3", "llama3_1", "generic"])
export type Family = typeof Family.Type

/** What is known of a family whatever its template says. */
export interface Custom extends Style {
  /** Tokens that end an assistant message; the first is the template's. */
  readonly ends: ReadonlyArray<string>
  /** Whether its members can be told not to think. */
  readonly thinks: boolean
}

const qwenEnds = ["<|im_end|>", "<|endoftext|>"]

const customs: Readonly<Record<Exclude<Family, "generic">, Custom>> = {
  qwen2_5: { calls: "tags", reasoning: false, ends: qwenEnds, thinks: false },
  qwen3: { calls: "tags", reasoning: true, ends: qwenEnds, thinks: true },
  llama3_1: {
    calls: "objects",
    reasoning: false,
    ends: ["<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"],
    thinks: false
  }
}

/** Of a generic model it is told from its template. */
export const customOf = (family: Family, template: string): Custom =>
  family === "generic"
    ? {
      calls: template.includes("<tool_call>") ? "tags" : "objects",
      reasoning: template.includes("</think>"),
      ends: [],
      thinks: template.includes("enable_thinking")
    }
    : customs[family]
