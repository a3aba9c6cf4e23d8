/**
 * A worker of the embedded engine. While sequences are under way it decodes, looking for
 * messages between steps; otherwise it waits for them.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads"
import { instantiate } from "./Kernels.ts"
import {
  type Command,
  decodeRequests,
  encodeSamples,
  type FromWorker,
  type Scores,
  type Start,
  type ToWorker
} from "./Messages.ts"
import { Optimiser } from "./Optimiser.ts"
import { Sampler } from "./Sampler.ts"
import { Training } from "./Training.ts"

const port = parentPort
if (port === null) throw new Error("this module runs in a worker only")

const { index, kernels: module, map, memory }: Start = workerData
const kernels = instantiate(module, memory)
const spaces = map.workers[index]!
const training = new Training(kernels, memory, map, spaces.training)
const sampler = new Sampler(kernels, memory, map, spaces.sampling)
const optimiser = new Optimiser(kernels, memory, map, index)

const run = (command: Command): Scores | undefined => {
  switch (command._tag) {
    case "Score":
      return training.score(command.batch, command.weights, command.lane)
    case "Reduce":
      return void optimiser.reduce()
    case "Update":
      return void optimiser.update(command.options, command.step, command.scale)
    case "Discard":
      return void optimiser.discard()
    case "Pack":
      if (command.weights === "current") sampler.forget()
      return void optimiser.pack(command.weights)
    case "Prepare":
      return void optimiser.prepare()
  }
}

const send = (message: FromWorker, transfer: ReadonlyArray<ArrayBuffer>): void => port.postMessage(message, transfer)

const handle = (message: ToWorker): void => {
  switch (message._tag) {
    case "Sample":
      return sampler.add(decodeRequests(message.requests))
    case "Cancel":
      return sampler.cancel(message.id)
    case "Command": {
      const scores = run(message.command)
      if (scores === undefined) return send({ _tag: "Done", id: message.id }, [])
      return send({ _tag: "Done", id: message.id, scores }, [scores.logprobs.buffer, scores.entropies.buffer])
    }
  }
}

port.on("message", (first: ToWorker) => {
  handle(first)
  while (sampler.busy) {
    const samples = sampler.step()
    if (samples.length > 0) {
      const words = encodeSamples(samples)
      send({ _tag: "Sampled", samples: words }, [words.buffer])
    }
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      handle(next.message)
    }
  }
})
