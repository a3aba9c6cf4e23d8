/**
 * envtune as a process of its own, on a small curriculum with the embedded engine, that is killed
 * at a disk operation: `Child.ts <operation, from 1; 0 for none> <signal> <arguments of envtune>`.
 *
 * Operations are counted from when the run's settings are on the disk. One that writes has written a part of it, unless
 * the signal is one that a process can answer.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Layer } from "effect"
import * as process from "node:process"
import * as Advance from "../../../src/domain/Advance.ts"
import * as Seed from "../../../src/domain/Seed.ts"
import * as Drills from "../../../src/layers/Drills.ts"
import * as PolicyOracle from "../../../src/layers/PolicyOracle.ts"
import { cli } from "../../../src/programs/cli.ts"
import * as Paper from "../../../src/programs/curricula/paper.ts"
import { defaults } from "../../../src/programs/evaluate.ts"
import { Parts, type World } from "../../../src/programs/parts.ts"
import * as wiring from "../../../src/programs/wiring.ts"

const [, , killAt = "0", signal = "", ...given] = process.argv

/** Two stages of the paper's, four small steps each. */
const world: World = {
  tasks: Drills.tasks({ seed: 1, sizes: { train: 8, test: 2, transfer: 1 } }),
  environment: Drills.environment,
  oracle: PolicyOracle.layer,
  curriculum: () => {
    const { stages, ...rest } = Paper.drills(Drills.environment)
    return {
      ...rest,
      stages: [1, 3].flatMap((at) => stages[at] ?? []).map((stage) => ({
        ...stage,
        advance: Advance.after(4),
        settings: { ...stage.settings, tasksPerStep: 3, groupSize: 4, refillRounds: 1 }
      }))
    }
  },
  evaluation: { ...defaults, parts: ["test"], sampling: { temperature: 0, maxTokens: 32 }, maxSteps: 20 }
}

const parts = Layer.effect(
  Parts,
  Effect.map(Parts, (parts) => Parts.of({ ...parts, world: () => Effect.succeed(world) }))
).pipe(Layer.provide(wiring.layer))

let counting = given[0] === "resume"
let operations = 0

const kill = Effect.sync(() => process.kill(process.pid, signal))

/** An operation, unless it is the one that this process does not survive; `part` is what of it happens. */
const counted = <A, E>(operation: Effect.Effect<A, E>, part: Effect.Effect<unknown, E> = Effect.void) =>
  Effect.suspend(() => {
    if (counting) operations += 1
    if (!counting || operations !== Number(killAt)) return operation
    return Effect.andThen(signal === "SIGKILL" ? part : Effect.void, Effect.andThen(kill, operation))
  })

/** Settings are on the disk with the first file that is. */
const begin = Effect.sync(() => {
  counting = true
})

const mortalFile = (file: FileSystem.File): FileSystem.File => {
  const writeAll = (bytes: Uint8Array) => {
    const some = Seed.derive("part", operations) % (bytes.length + 1)
    return counted(file.writeAll(bytes), file.writeAll(bytes.subarray(0, some)))
  }
  return Object.create(file, {
    writeAll: { value: writeAll },
    sync: { value: Effect.tap(counted(file.sync), begin) },
    truncate: { value: (length: number) => counted(file.truncate(length)) }
  })
}

const mortalDisk = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (fs) =>
    FileSystem.FileSystem.of({
      ...fs,
      open: (path, options) => Effect.map(fs.open(path, options), mortalFile),
      rename: (from, to) => counted(fs.rename(from, to)),
      remove: (path, options) => counted(fs.remove(path, options)),
      makeDirectory: (path, options) => counted(fs.makeDirectory(path, options)),
      writeFileString: (path, text, options) =>
        counted(fs.writeFileString(path, text, options), fs.writeFileString(path, text.slice(0, 10), options))
    }))
)

cli(parts, "0")(given).pipe(
  Effect.andThen(Effect.suspend(() => Console.error(`disk operations: ${operations}`))),
  Effect.provide(Layer.provideMerge(mortalDisk, NodeServices.layer)),
  NodeRuntime.runMain
)
