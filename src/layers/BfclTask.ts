/** What BFCL's environments have in common: a task becomes an entry that can be played, once however many episodes it has. */
import { Result } from "effect"
import * as Entry from "../domain/bfcl/Entry.ts"
import * as Toolsets from "../domain/bfcl/Toolsets.ts"
import { EnvironmentError, TaskUnusable } from "../domain/Environment.ts"
import type { Task } from "../domain/Task.ts"

const unusable = (task: Task, detail: string): EnvironmentError =>
  new EnvironmentError({ reason: new TaskUnusable({ task: task.id, detail }) })

/** The entry of a task; refused when it is none, or when one of its classes has no simulator. */
const entryOf = (task: Task): Result.Result<Entry.Entry, EnvironmentError> =>
  Result.flatMap(
    Result.mapError(Entry.ofTask(task), (detail) => unusable(task, detail)),
    (entry) => {
      const missing = entry.classes.filter((name) => Toolsets.toolsetOf(name) === undefined)
      return missing.length > 0
        ? Result.fail(unusable(task, `its tool sets are not implemented: ${missing.join(", ")}`))
        : Result.succeed(entry)
    }
  )

/** What `prepare` makes of a task's entry, remembered for as long as the task lives. */
export const preparing = <A>(
  prepare: (entry: Entry.Entry) => A
): (task: Task) => Result.Result<A, EnvironmentError> => {
  const known = new WeakMap<Task, Result.Result<A, EnvironmentError>>()
  return (task) => {
    let prepared = known.get(task)
    if (prepared === undefined) known.set(task, prepared = Result.map(entryOf(task), prepare))
    return prepared
  }
}
