/** The order in which a stage meets its tasks: every epoch a new permutation, a pure function of the seed. */
import * as Seed from "./Seed.ts"
import type { Task } from "./Task.ts"

/**
 * Takes tasks from a seeded, endless order. A batch of at most `tasks.length` tasks taken at
 * once may cross an epoch and then hold a task twice; it is skipped over until it differs.
 */
export const make = (tasks: ReadonlyArray<Task>, seed: number): (n: number) => ReadonlyArray<Task> => {
  let epoch = 0
  let position = 0
  let order: ReadonlyArray<Task> = []
  const one = (): Task => {
    if (position === order.length) {
      order = new Seed.Draws(Seed.derive(seed, "order", epoch)).shuffle(tasks)
      epoch += 1
      position = 0
    }
    return order[position++]!
  }
  return (n) => {
    const taken = new Set<Task>()
    while (taken.size < Math.min(n, tasks.length)) taken.add(one())
    return [...taken]
  }
}
