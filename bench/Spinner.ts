/** A worker thread of arithmetic that touches no memory: what the machine itself gains by another thread. */
import { parentPort } from "node:worker_threads"

const port = parentPort
if (port === null) throw new Error("this module runs in a worker only")

/** Called often, so that it runs compiled whichever thread it is in. */
const some = (seed: number): number => {
  let x = seed
  for (let i = 0; i < 100_000; i++) x = (Math.imul(x, 1664525) + i) | 0
  return x
}

port.on("message", (rounds: number) => {
  let x = 1
  for (let i = 0; i < rounds; i++) x = some(x)
  port.postMessage(x, [])
})
