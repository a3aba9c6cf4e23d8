/** The order in which a stage meets its tasks: every epoch a new permutation, a pure function of the seed. */
import * as Seed from "./Seed.ts"
import type { Task } from "./Task.ts"

/**
 * Takes tasks from a seeded, endless order, at most `tasks.length` at once and none twice at once. A batch that crosses
 * into the next epoch may meet a task again: it waits for the next batch, so that all tasks are met equally often.
 */
export const make = (tasks: ReadonlyArray<Task>, seed: number): (n: number) => ReadonlyArray<Task> => {
  let epoch = 0
  let order: Array<Task> = []
  const one = (): Task => {
    if (order.length === 0) {
      order = new Seed.Draws(Seed.derive(seed, "order", epoch)).shuffle(tasks)
      epoch += 1
    }
    return order.shift()!
  }
  return (n) => {
    const taken = new Set<Task>()
    const waiting: Array<Task> = []
    while (taken.size < Math.min(n, tasks.length)) {
      const task = one()
      if (taken.has(task)) waiting.push(task)
      else taken.add(task)
    }
    order.unshift(...waiting)
    return [...taken]
  }
}
