/** How an agent is told what tools there are, and how to call them. */
import type { ToolDocument } from "../Message.ts"

/** The opening of an episode: the training protocol, and the tools as JSON, one a line. */
export const systemMessage = (tools: ReadonlyArray<ToolDocument>): string =>
  `You help a user by calling tools.

In every message, first think between <think> and </think>. Then do one of two things:
- call tools: <tool_call>[{"name": "...", "arguments": {...}}]</tool_call>
- once the request is fulfilled, or cannot be, answer: <answer>...</answer>
Write nothing outside these tags.

Tools:
${tools.map(({ raw }) => JSON.stringify(raw)).join("\n")}`
