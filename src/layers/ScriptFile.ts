/**
 * Files of scripts for a scripted policy, JSON lines `{"task": id, "messages": [...]}`. A message is its text or, where
 * functions are called, a list of `{name: "arguments as JSON"}`, as BFCL's result files have it.
 */
import { Effect, FileSystem, Result, Schema } from "effect"
import { TasksError, TasksUnreadable } from "../domain/Tasks.ts"
import { inWords } from "./FileProblem.ts"
import type { Said } from "./PolicyScripted.ts"

const Spoken = Schema.Union([Schema.String, Schema.Array(Schema.Record(Schema.String, Schema.String))])

const Line = Schema.fromJsonString(Schema.Struct({ task: Schema.String, messages: Schema.Array(Spoken) }))

const decodeLine = Schema.decodeUnknownResult(Line)

const saidOf = (spoken: typeof Spoken.Type): Said =>
  typeof spoken === "string" ? spoken : {
    role: "assistant",
    content: "",
    toolCalls: spoken.flatMap((calls) => Object.entries(calls)).map(([name, given], i) => ({
      id: `call_${i}`,
      name,
      arguments: given
    }))
  }

/** Task id -> messages in order. Fails with the line of what is no script. */
export const read = Effect.fn("ScriptFile.read")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const unreadable = (detail: string, line?: number) =>
    new TasksError({ reason: new TasksUnreadable({ path, detail, ...(line !== undefined && { line }) }) })
  const text = yield* fs.readFileString(path).pipe(Effect.mapError((error) => unreadable(inWords(error))))
  const script = new Map<string, ReadonlyArray<Said>>()
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue
    const decoded = decodeLine(line)
    if (Result.isFailure(decoded)) return yield* unreadable(decoded.failure.message, at + 1)
    script.set(decoded.success.task, decoded.success.messages.map(saidOf))
  }
  return script
})
