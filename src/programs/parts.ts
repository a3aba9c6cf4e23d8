/**
 * What the commands are assembled from. The command tree knows this port only; which tasks,
 * environments and engines there are is said in one place, wiring.ts, and tests say something else.
 */
import type { Effect, Layer, Redacted, Stdio } from "effect"
import { Context } from "effect"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type { Augmentor } from "../domain/Augmentor.ts"
import type { LongContext } from "../domain/bfcl/LongContext.ts"
import type { Mode, ResultsAs } from "../domain/bfcl/Official.ts"
import type { PullError } from "../domain/bfcl/ReleaseSource.ts"
import type { Curriculum } from "../domain/Curriculum.ts"
import type { Exercise } from "../domain/drills/Drill.ts"
import type { Engine, EngineError } from "../domain/Engine.ts"
import type { Environment } from "../domain/Environment.ts"
import type { Manifest } from "../domain/Manifest.ts"
import type { Policy } from "../domain/Policy.ts"
import type { Renderer, RendererError } from "../domain/Renderer.ts"
import type { Rule } from "../domain/Reward.ts"
import type { Task } from "../domain/Task.ts"
import type { Tasks, TasksError } from "../domain/Tasks.ts"
import type { ServerProfile } from "../domain/tinker/ServerProfile.ts"
import type { TinkerError } from "../domain/tinker/TinkerClient.ts"
import type * as PolicyOpenai from "../layers/PolicyOpenai.ts"
import type * as RendererChat from "../layers/RendererChat.ts"
import type { ResultsError } from "../layers/ResultsError.ts"
import type { Compared, CompareOptions } from "./compare.ts"
import type { ConformRenderersOptions } from "./conformRenderers.ts"
import type { EvaluateOptions } from "./evaluate.ts"
import type { PullOptions } from "./pull.ts"
import type { Platform, Unavailable } from "./refusal.ts"
import type { Replayed, ReplayOptions } from "./replay.ts"
import type { ScoreOptions, Scoring } from "./score.ts"
import type { ServeOptions } from "./serve.ts"
import type { Validated, ValidateOptions } from "./validate.ts"

/** What a user can have asked for wrongly; each says in one sentence what. */
export type PartsError =
  | TasksError
  | EngineError
  | RendererError
  | TinkerError
  | PullError
  | ResultsError
  | PolicyOpenai.ServerUnusable
  | Unavailable

export interface WorldOptions {
  /** A BFCL folder; the drills when absent. */
  readonly data: string | undefined
  /** Of the drills' generator; the built-in set when absent. */
  readonly seed?: number | undefined
  /** Of the folder's tasks, by name or by path; by scenario when absent. */
  readonly split?: string | undefined
  /** Whether the folder's tasks open with the rules of the protocol, for models that were not trained on it. */
  readonly explained?: boolean
  /** What of a real model is trained, for the paper's curriculum on the folder's tasks; a rehearsal of it when absent. */
  readonly training?: "adapters" | "whole" | undefined
}

interface Playable {
  readonly tasks: Layer.Layer<Tasks, PartsError, Platform>
  /** Plays the ground truth. */
  readonly oracle: Layer.Layer<Policy, PartsError, Platform>
  readonly evaluation: EvaluateOptions
}

/** Tasks and everything that is made for them, in the training protocol. */
export interface World extends Playable {
  readonly environment: Layer.Layer<Environment, PartsError, Augmentor | Platform>
  /**
   * The paper's stages; `reward` is what an episode is worth once its syntax is mastered. With `singleStage`, one with all
   * tasks takes the place of them.
   */
  readonly curriculum: (
    choices: { readonly reward: Rule; readonly singleStage?: boolean }
  ) => Curriculum<PartsError, Platform>
}

export interface OfficialOptions {
  /** A BFCL folder. */
  readonly data: string
  readonly split?: string | undefined
  readonly mode: Mode
  readonly resultsAs: ResultsAs
  /** Of the model: instances are called after it, which shows in some results. */
  readonly modelName: string
}

/** BFCL as BFCL plays it: nothing of it is tuned, and no augmentor has a place in it. */
export interface OfficialEvaluation extends Playable {
  readonly environment: Layer.Layer<Environment, PartsError, Platform>
}

/** A model on a server that speaks Tinker's protocol. */
export interface Remote {
  readonly url: string
  readonly profile: ServerProfile
  /** As the server calls it. */
  readonly baseModel: string
  /** With the model's tokenizer and chat template. */
  readonly folder: string
  /** How the model is spoken to. */
  readonly language: RendererChat.Options
  /** Of the adapters that are trained; all weights are when it is 0. */
  readonly rank: number
  /** The longest sequence that the server takes, in tokens. */
  readonly contextLength: number
}

export interface MachineOptions {
  /** Where the engine is; in this process when absent. */
  readonly remote?: Remote | undefined
  /** The world whose language it speaks. */
  readonly data: string | undefined
  /** Saved weights to start from; the base model when absent. */
  readonly weights: string | undefined
  readonly workers: number | undefined
}

/** What a recorded run was made with, as far as it is needed to look into its episodes. */
export interface Origin {
  readonly task: (id: string) => Task | undefined
  readonly longContext: LongContext
  /** Token ids as text, where the run's vocabulary is known. */
  readonly spell: ((ids: Iterable<number>) => string) | undefined
}

export class Parts extends Context.Service<Parts, {
  readonly world: (options: WorldOptions) => Effect.Effect<World, PartsError, Platform>
  /** The drills of a seed, with what is known of them. */
  readonly exercises: (seed: number) => ReadonlyArray<Exercise>
  readonly official: (options: OfficialOptions) => Effect.Effect<OfficialEvaluation, PartsError, Platform>
  /** An engine and the renderer of its model's language. */
  readonly machine: (options: MachineOptions) => Layer.Layer<Engine | Renderer, PartsError, Platform>
  /** A model behind a server. */
  readonly openai: (
    options: PolicyOpenai.Options
  ) => Layer.Layer<Policy | PolicyOpenai.Meter, PolicyOpenai.ServerUnusable>
  /** Makes a base model and saves it to `out`; lines of progress go to `say`. */
  readonly pretrain: (options: {
    readonly out: string
    readonly seed: number
    readonly workers: number | undefined
    readonly say: (line: string) => Effect.Effect<void>
  }) => Effect.Effect<void, PartsError, Platform>
  /** Serves an engine to Tinker clients until it is interrupted; the base model when no weights are given. */
  readonly serve: (
    options: Omit<ServeOptions, "weights"> & Pick<MachineOptions, "weights">
  ) => Effect.Effect<never, PartsError, Platform>
  /** Replays recordings of the original environment; one line a part, and whether all of them agree. */
  readonly conformance: (options: {
    readonly oracle: string
    readonly data: string
  }) => Effect.Effect<{ readonly lines: ReadonlyArray<string>; readonly agrees: boolean }, PartsError, Platform>
  /** Renders recorded conversations in the languages of real models; see `conformance`. */
  readonly conformanceOfRenderers: (
    options: ConformRenderersOptions
  ) => Effect.Effect<{ readonly lines: ReadonlyArray<string>; readonly agrees: boolean }, PartsError, Platform>
  /** Replays recorded exchanges with Tinker servers against the client; see `conformance`. */
  readonly conformanceOfTinker: (options: {
    readonly exchanges: string
  }) => Effect.Effect<{ readonly lines: ReadonlyArray<string>; readonly agrees: boolean }, PartsError, Platform>
  /** Tries a server that speaks Tinker's protocol on scratch models; a line a check. */
  readonly doctor: (options: {
    readonly url: string
    readonly apiKey: Redacted.Redacted | undefined
    /** Found out when absent. */
    readonly profile: ServerProfile | undefined
    readonly baseModel: string | undefined
    readonly rank: number
  }) => Effect.Effect<{ readonly lines: ReadonlyArray<string>; readonly healthy: boolean }, PartsError, Platform>
  /** Looks at a split; see `WorldOptions.split`. It leaks when both sides have scenarios in common. */
  readonly split: (options: {
    readonly data: string
    readonly split: string | undefined
  }) => Effect.Effect<{ readonly lines: ReadonlyArray<string>; readonly leaks: boolean }, PartsError, Platform>
  /** Scores result files as the official scorer does. */
  readonly score: (options: ScoreOptions) => Effect.Effect<Scoring, PartsError, Platform>
  /** Compares two policies task by task. */
  readonly compare: (options: CompareOptions) => Effect.Effect<Compared, PartsError, Platform>
  /** The folder for the benchmark's files where none is named. */
  readonly cache: Effect.Effect<string>
  /** Brings the benchmark's files into a folder. */
  readonly pull: (options: PullOptions) => Effect.Effect<void, PartsError, Platform | ChildProcessSpawner>
  /** Plays every ground truth of a benchmark's folder. */
  readonly validate: (options: ValidateOptions) => Effect.Effect<Validated, PartsError, Platform>
  /** Makes again what a run was made with. */
  readonly origin: (manifest: Manifest) => Effect.Effect<Origin, PartsError, Platform>
  /** Plays a file of call sequences. */
  readonly replay: (options: ReplayOptions) => Effect.Effect<Replayed, PartsError, Platform | Stdio.Stdio>
}>()("envtune/programs/Parts") {}
