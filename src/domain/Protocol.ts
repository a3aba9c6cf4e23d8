/**
 * What an agent writes in the paper's training protocol: a thought, then calls or an answer. For policies that are
 * scripts and for demonstrations; what an agent wrote is read by its environment.
 */
import type { Schema } from "effect"

const think = (thought: string): string => `<think>${thought}</think>`

/** A message that calls one tool. */
export const call = (name: string, given: Schema.JsonObject = {}, thought = ""): string =>
  `${think(thought)}\n<tool_call>\n${JSON.stringify([{ name, arguments: given }])}\n</tool_call>`

/** A message that ends the turn. */
export const answer = (text: string, thought = ""): string => `${think(thought)}\n<answer>${text}</answer>`
