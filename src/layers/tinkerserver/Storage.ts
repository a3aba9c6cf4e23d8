/**
 * Where saved weights are: a folder for each name, under the folder of its model. Weights to
 * go on from have the optimiser's state with them, weights to sample from have not.
 */
import { Effect, FileSystem, Path } from "effect"
import { EngineError, EngineUnavailable } from "../../domain/Engine.ts"
import * as Checkpoint from "../embedded/Checkpoint.ts"
import { mistaken, type OperationFailed } from "./Futures.ts"

export type Kind = "weights" | "sampler_weights"

/** A Tinker path: which model, which kind, which name. No part of it can lead elsewhere in the file system. */
const tinkerPath = /^tinker:\/\/([A-Za-z0-9-]+:train:\d+)\/(weights|sampler_weights)\/([A-Za-z0-9_-][A-Za-z0-9._-]*)$/

const savedName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/

const failed = ({ message }: Error): OperationFailed => mistaken(message)

export const make = Effect.fnUntraced(function*(root: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const platform = yield* Effect.context<FileSystem.FileSystem | Path.Path>()

  const folderOf = (model: string, kind: Kind, name: string): string =>
    // Colons are no part of a folder's name everywhere.
    path.join(root, model.replaceAll(":", "-"), kind, name)

  const passing = yield* Effect.mapError(
    files.makeTempDirectoryScoped({ prefix: "envtune-" }),
    (cause) => new EngineError({ reason: new EngineUnavailable({ detail: "no temporary folder can be made", cause }) })
  )

  return {
    pathOf: (model: string, kind: Kind, name: string): string => `tinker://${model}/${kind}/${name}`,

    /** A folder for weights that are to be saved under a name. */
    place: (model: string, kind: Kind, name: string): Effect.Effect<string, OperationFailed> =>
      savedName.test(name)
        ? Effect.succeed(folderOf(model, kind, name))
        : Effect.fail(mistaken(`"${name}" is no name for weights: letters, digits, dots, dashes and underscores are`)),

    /** The folder that a Tinker path stands for, if there are weights. */
    find: Effect.fnUntraced(function*(saved: string, kind: Kind) {
      const [, model, stored, name] = tinkerPath.exec(saved) ?? []
      if (model === undefined || name === undefined) return yield* mistaken(`"${saved}" is no path of weights here`)
      if (stored !== kind) {
        return yield* mistaken(
          kind === "weights"
            ? `${saved} was saved for sampling, without the optimiser's state: it cannot be trained on`
            : `${saved} was saved for training: save it for sampling, too, with save_weights_for_sampler`
        )
      }
      const folder = folderOf(model, kind, name)
      const exists = yield* Effect.mapError(files.exists(folder), failed)
      return exists ? folder : yield* mistaken(`there are no weights ${saved}`)
    }),

    /** A folder for weights that end with the server. */
    passing,

    /** Makes weights that were saved ones to sample from. */
    dropOptimiser: (folder: string): Effect.Effect<void, OperationFailed> =>
      Effect.mapError(Effect.provide(Checkpoint.dropOptimiser(folder), platform), failed),

    /** The folder whose weights are those of another and whose optimiser is fresh. */
    withoutOptimiser: Effect.fnUntraced(
      function*(folder: string) {
        const copy = yield* files.makeTempDirectoryScoped({ prefix: "envtune-" })
        yield* Checkpoint.copyWeights(folder, copy)
        return copy
      },
      Effect.mapError(failed),
      Effect.provide(platform)
    ),

    remove: (folder: string): Effect.Effect<void> => Effect.ignore(files.remove(folder, { recursive: true }))
  }
})

export type Storage = Effect.Success<ReturnType<typeof make>>
