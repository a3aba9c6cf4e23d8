/** A hash that says whether two runs had the same tasks. */
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
