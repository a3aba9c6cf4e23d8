/** The built-in tasks and their environment. */
import { Layer } from "effect"
import type { Augmentor } from "../domain/Augmentor.ts"
import { announcement, documentsOf, systemMessage } from "../domain/drills/Documents.ts"
import * as Drill from "../domain/drills/Drill.ts"
import { longContext } from "../domain/drills/LongContext.ts"
import { prove } from "../domain/drills/Proof.ts"
import type { Environment } from "../domain/Environment.ts"
import * as Tasks from "../domain/Tasks.ts"
import * as EnvironmentBfcl from "./EnvironmentBfcl.ts"

/** The test and transfer parts are always the same; `seed` makes the training part. */
export const tasks = (
  options: { readonly seed: number; readonly sizes?: Drill.Sizes }
): Layer.Layer<Tasks.Tasks, Tasks.TasksError> =>
  Layer.suspend(() =>
    Tasks.layer(
      Drill.generate(options.seed, options.sizes ?? Drill.sizes, prove).map(({ task }) => task),
      { source: "drills", seed: String(options.seed) }
    )
  )

export const environment: Layer.Layer<Environment, never, Augmentor> = EnvironmentBfcl.layer({
  documents: documentsOf(Drill.tools),
  longContext,
  system: systemMessage,
  announce: announcement
})
