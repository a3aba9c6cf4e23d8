/** Hashes that say whether two runs had the same: tasks, texts, tokens. */
import { createHash } from "node:crypto"
import type { Task } from "../domain/Task.ts"

/** SHA-256 over every task in order, as JSON lines, in hexadecimal. */
export const ofTasks = (tasks: ReadonlyArray<Task>): string => {
  const hash = createHash("sha256")
  for (const { category, id, part, payload, scenario } of tasks) {
    hash.update(`${JSON.stringify([id, category, scenario, part, payload])}\n`)
  }
  return hash.digest("hex")
}

/** SHA-256 of a text in UTF-8, in hexadecimal. */
export const ofText = (text: string): string => createHash("sha256").update(text).digest("hex")

/** SHA-256 of token ids as little-endian 32-bit integers, in hexadecimal. */
export const ofTokens = (tokens: Int32Array): string => {
  const bytes = new DataView(new ArrayBuffer(4 * tokens.length))
  tokens.forEach((id, i) => bytes.setInt32(4 * i, id, true))
  return createHash("sha256").update(bytes).digest("hex")
}
