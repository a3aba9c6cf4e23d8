import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { presets, type ServerProfile } from "../../src/domain/tinker/ServerProfile.ts"
import { doctor } from "../../src/programs/doctor.ts"
import { layer as client } from "../layers/tinker/scripted.ts"
import * as ToyServer from "../layers/tinker/ToyServer.ts"

const means = { reduction: "mean", isolation: false } as const

const diagnose = (
  habits: Partial<ToyServer.Habits>,
  profile?: ServerProfile,
  baseModel: string | undefined = undefined
) => Effect.provide(doctor({ profile, baseModel, rank: 8 }), client(ToyServer.make(habits).answer))

const recognised = (habits: Partial<ToyServer.Habits>) =>
  Effect.map(diagnose(habits), ({ healthy, profile: { name } }) => ({ name, healthy }))

/** What is broken of a server, by check. */
const brokenOf = Effect.fnUntraced(function*(habits: Partial<ToyServer.Habits>, profile: ServerProfile) {
  const { findings, healthy } = yield* diagnose(habits, profile)
  const broken = findings.filter(({ verdict }) => verdict === "broken")
  assert.strictEqual(healthy, broken.length === 0)
  return Object.fromEntries(broken.map(({ check, detail }) => [check, detail]))
})

describe("envtune doctor", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("finds nothing wrong with servers that are what their profiles say", () =>
      Effect.gen(function*() {
        const all: ReadonlyArray<readonly [Partial<ToyServer.Habits>, ServerProfile]> = [
          [{}, presets.custom],
          [{}, { ...presets.custom, linearLoss: "importance_sampling", reference: "base-sampler" }],
          [means, presets["skyrl-jax"]],
          [{ forward: false, isolation: false }, presets.openrl],
          [{ isolation: false, adam: { beta2: 0.999, eps: 1e-8, weight_decay: 0.01 } }, presets["skyrl-megatron"]]
        ]
        for (const [habits, profile] of all) assert.deepStrictEqual(yield* brokenOf(habits, profile), {})
      }))

    it.effect("finds out which profile is right", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* recognised({}), { name: "custom", healthy: true })
        assert.deepStrictEqual(yield* recognised(means), { name: "skyrl-jax", healthy: true })
      }))

    it.effect("catches a server that averages, by how much", () =>
      Effect.gen(function*() {
        const sums = { ...presets.custom, linearLoss: "importance_sampling", samplerIsolation: false } as const
        const { gradient } = yield* brokenOf(means, sums)
        assert.strictEqual(
          gradient,
          "the same with a second datum of no weight: the gradient is 0.500 times as large, not 1"
        )
      }))

    it.effect("catches a server that computes cross-entropy for every loss it does not know", () =>
      Effect.gen(function*() {
        const silent = { losses: ["cross_entropy"], unknownLoss: "cross_entropy" } as const
        const broken = yield* brokenOf(silent, { ...presets.custom, linearLoss: "importance_sampling" })
        assert.deepStrictEqual(Object.keys(broken).slice(0, 2), ["gradient", "unknown losses"])
        assert.strictEqual(broken["gradient"], "twice the weights: the gradient is 1.00 times as large, not 2")
        assert.include(broken["unknown losses"], "computed without a word")
        assert.deepStrictEqual(Object.keys(yield* brokenOf(silent, presets.custom)), ["unknown losses", "clipped loss"])
        assert.deepStrictEqual(
          yield* brokenOf({ ...silent, unknownLoss: "refused" }, { ...presets.custom, ppo: false }),
          {}
        )
      }))

    it.effect("catches a clipped loss with bounds of its own", () =>
      Effect.gen(function*() {
        const broken = yield* brokenOf({ bounds: "ignored" }, presets.custom)
        assert.deepStrictEqual(Object.keys(broken), ["clipped loss"])
        assert.match(
          broken["clipped loss"] ?? "",
          /^ppo: the gradient is \d\.\d+ times that of the linear loss, not 1$/
        )
      }))

    it.effect("catches an optimiser with numbers of its own, and samplers that training reaches", () =>
      Effect.gen(function*() {
        const { optimiser } = yield* brokenOf({ adam: { eps: 1e-8 } }, presets.custom)
        assert.include(optimiser, "the optimiser's numbers are not heeded")
        const { samplers } = yield* brokenOf({ isolation: false }, presets.custom)
        assert.match(samplers ?? "", /^a step moved log-probs of a sampler published before it by 0\.\d+$/)
      }))

    it.effect("says what cannot be seen, and what cannot be trained with at all", () =>
      Effect.gen(function*() {
        const { findings, healthy } = yield* diagnose({ gradientNorm: false }, presets.custom)
        assert.isTrue(healthy)
        assert.deepInclude(findings[0], { check: "gradient", verdict: "unknown" })
        const { gradient } = yield* brokenOf({}, presets.twinkle)
        assert.include(gradient, "no loss of a twinkle server is linear")
      }))

    it.effect("names the models when it has to be told one", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(diagnose({}, presets.custom, "another"))
        assert.strictEqual(error.message, "say with --base-model which of the server's models to try: toy")
      }))

    it.effect("prints a table", () =>
      Effect.gen(function*() {
        const { lines } = yield* diagnose({}, presets.custom)
        assert.strictEqual(lines[0], "as profile custom:")
        assert.match(lines[1] ?? "", /^gradient {8}works {2}linear, a plain sum; norm \d/)
        assert.strictEqual(lines.length, 10)
      }))
  })
})
