/** Loads a user's curriculum: a module whose default export is one. */
import { Effect, FileSystem, Layer, Path, Predicate, Schema } from "effect"
import type { Curriculum, Stage } from "../domain/Curriculum.ts"
import { inWords } from "../layers/FileProblem.ts"
import type { PartsError } from "./parts.ts"
import type { Platform } from "./refusal.ts"
import { oneLine } from "./text.ts"

/** A user's file cannot be loaded. */
export class ModuleUnreadable extends Schema.TaggedError<ModuleUnreadable>()("ModuleUnreadable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
}

/** The file holds no curriculum, or not the one that was asked for. */
export class CurriculumUnreadable extends Schema.TaggedError<CurriculumUnreadable>()("CurriculumUnreadable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
}

/** A curriculum as a command runs it: its layers may need the platform, and nothing else. */
export type Loaded = Curriculum<PartsError, Platform>

const isStage = (value: unknown): value is Stage =>
  Predicate.hasProperty(value, "name") && Predicate.isString(value.name)
  && Predicate.hasProperty(value, "services") && Layer.isLayer(value.services)
  && Predicate.hasProperty(value, "settings") && Predicate.isObject(value.settings)
  && Predicate.hasProperty(value, "tasks") && Predicate.isFunction(value.tasks)
  && Predicate.hasProperty(value, "advance") && Predicate.isFunction(value.advance)
  && Predicate.hasProperty(value, "advantage") && Predicate.isFunction(value.advantage)

const isCurriculum = (value: unknown): value is Loaded =>
  Predicate.hasProperty(value, "name") && Predicate.isString(value.name)
  && Predicate.hasProperty(value, "environment") && Layer.isLayer(value.environment)
  && Predicate.hasProperty(value, "stages") && Array.isArray(value.stages) && value.stages.every(isStage)

/** Of a module that is not found, node tells in further lines which files asked for it. */
const messageOf = (thrown: unknown): string =>
  oneLine(thrown instanceof Error ? thrown.message.split("\nRequire stack:")[0] ?? "" : String(thrown))

/** What a user's file exports. Everything that can go wrong with the file is the file's: what it throws while it loads, too. */
export const importFile = Effect.fn("importFile")(function*(file: string) {
  const path = yield* Path.Path
  const unreadable = (detail: string) => new ModuleUnreadable({ path: file, detail })
  const files = yield* FileSystem.FileSystem
  yield* Effect.mapError(files.access(file, { readable: true }), (error) => unreadable(inWords(error)))
  const url = yield* path.toFileUrl(path.resolve(file)).pipe(Effect.mapError((error) => unreadable(error.message)))
  const module: unknown = yield* Effect.tryPromise({
    try: () => import(url.href),
    catch: (thrown) => unreadable(messageOf(thrown))
  })
  return module
})

/** The curriculum that is a file's default export. */
export const load = Effect.fn("load")(function*(file: string) {
  const module = yield* importFile(file)
  const unreadable = (detail: string) => new CurriculumUnreadable({ path: file, detail })
  if (!Predicate.hasProperty(module, "default")) return yield* unreadable("it has no default export")
  if (!isCurriculum(module.default)) return yield* unreadable("its default export is not made by Curriculum.make")
  return module.default
})

/** The stages named by position (from 1) or by name, in the curriculum's order. */
export const select = Effect.fnUntraced(function*<E, R>(curriculum: Curriculum<E, R>, wanted: ReadonlyArray<string>) {
  const { name, stages } = curriculum
  const isWanted = (stage: Stage<E, R>, at: number) => wanted.includes(stage.name) || wanted.includes(String(at + 1))
  const known = stages.flatMap((stage, at) => [stage.name, String(at + 1)])
  const unknown = wanted.find((one) => !known.includes(one))
  if (unknown !== undefined) {
    const listed = stages.map((stage, at) => `${at + 1} ${stage.name}`).join(", ")
    return yield* new CurriculumUnreadable({
      path: name,
      detail: `there is no stage "${unknown}"; its stages are ${listed}`
    })
  }
  return wanted.length === 0 ? curriculum : { ...curriculum, stages: stages.filter(isWanted) }
})
