/** A worker thread of arithmetic that touches no memory: what the machine itself gains by another thread. */
import { parentPort } from "node:worker_threads"

const port = parentPort
if (port === null) throw new Error("this module runs in a worker only")

port.on("message", (rounds: number) => {
  let x = 1
  for (let i = 0; i < rounds; i++) x = (Math.imul(x, 1664525) + i) | 0
  port.postMessage(x, [])
})
