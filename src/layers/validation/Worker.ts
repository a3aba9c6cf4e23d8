/** A worker thread that validates ground truths, a share of them at a time. */
import { parentPort } from "node:worker_threads"
import * as LongContext from "../../domain/bfcl/LongContext.ts"
import { validate } from "../../domain/bfcl/Validation.ts"
import type { FromWorker, Share } from "./Validators.ts"

const port = parentPort
if (port === null) throw new Error("this module runs in a worker only")

let constants = LongContext.make(LongContext.decode("{}"))

port.on("message", ({ entries, longContext, times }: Share) => {
  if (longContext !== undefined) constants = LongContext.make(LongContext.decode(longContext))
  const findings: FromWorker = entries.map((entry) => validate(entry, constants, times))
  port.postMessage(findings, [])
})
