/**
 * Training on GPUs elsewhere: a model behind a server that speaks Tinker's protocol, such as SkyRL.
 *
 *     npx envtune doctor --trainer http://127.0.0.1:8000     finds out which profile the server has
 *     TRAINER_URL=http://127.0.0.1:8000 MODEL=Qwen/Qwen3-0.6B MODEL_FOLDER=models/qwen3 npx tsx examples/trainer.ts
 *
 * The folder has the model's tokenizer and chat template. The drills stand for tasks of your own.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Config, Console, Effect, Layer, Stream } from "effect"
import { Actionable, Advance, Augmentor, Curriculum, Drills, PolicyEngine, Renderer, Reward } from "../src/index.ts"
import { EngineTinker, RendererChat, ServerProfile, TinkerClientHttp, TrainerGrpo } from "../src/index.ts"
import { RunStoreMemory, tune } from "../src/index.ts"

const curriculum = Curriculum.make({
  name: "drills, with hints",
  environment: Drills.environment,
  stages: [Curriculum.stage("with hints", {
    tasks: (task) => task.category === "base",
    services: Layer.merge(Augmentor.layer(Actionable.actionable), Reward.layer(Reward.progress)),
    advance: Advance.after(20),
    settings: {
      tasksPerStep: 4,
      groupSize: 8,
      sampling: { maxTokens: 256 },
      // This server does not clip gradients, and a run that asks for it is refused.
      optimization: { learningRate: 1e-5, beta2: 0.95, weightDecay: 0, clipNorm: null }
    }
  })]
})

/** The engine knows from the renderer how many tokens there are. */
const engine = Layer.unwrap(Effect.gen(function*() {
  const { vocabularySize } = yield* Renderer.Renderer
  const baseModel = yield* Config.String("MODEL")
  const training = { rank: 32, train_attn: true, train_mlp: true, train_unembed: true }
  const profile = ServerProfile.presets["skyrl-jax"]
  return EngineTinker.layer({ baseModel, profile, training, vocabularySize, contextLength: 8192 })
}))

const client = Layer.unwrap(Effect.map(Config.String("TRAINER_URL"), (url) => TinkerClientHttp.layer({ url })))
const renderer = Layer.unwrap(
  Effect.map(Config.String("MODEL_FOLDER"), (folder) => RendererChat.layer(folder, { family: "qwen3" }))
)
const machine = engine.pipe(Layer.provide(client), Layer.provideMerge(renderer))

/** Prints what every step did. */
export const training = tune(curriculum, { seed: 1 }).pipe(
  Stream.runForEach(({ reward, update }) =>
    Console.log(`reward ${reward.mean.toFixed(2)}, gradient ${update?.gradientNorm?.toPrecision(3) ?? "unknown"}`)
  ),
  Effect.provide(Layer.merge(TrainerGrpo.layer, PolicyEngine.layer).pipe(Layer.provideMerge(machine))),
  Effect.provide([Drills.tasks({ seed: 1 }), RunStoreMemory.layer])
)

export const main = Effect.provide(training, [NodeHttpClient.layerUndici, NodeServices.layer])
if (import.meta.main) runMain(main)
