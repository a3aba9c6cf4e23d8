/**
 * The paper's four stages (arXiv 2510.10197, section 3; spec: environment-tuning, Curriculum).
 *
 * | stage | tasks | reward | tool responses |
 * | 1 mastering syntax | a part of base | syntax | standard |
 * | 2 learning with hints | base | progress | augmented |
 * | 3 solving hard tasks | all categories | progress | augmented |
 * | 4 independent solving | all categories | progress | standard |
 *
 * `drills` and `bfcl` below are these stages with the numbers of a small model and of one of 7-8B parameters; what else
 * differs for the small one, `drills` says.
 */
import { Layer } from "effect"
import * as Advance from "../../domain/Advance.ts"
import { groupRelative } from "../../domain/Advantage.ts"
import { actionable } from "../../domain/augment/Actionable.ts"
import * as Augmentor from "../../domain/Augmentor.ts"
import * as Curriculum from "../../domain/Curriculum.ts"
import type { Environment } from "../../domain/Environment.ts"
import { boundOf } from "../../domain/Forecast.ts"
import * as Reward from "../../domain/Reward.ts"
import type { Task } from "../../domain/Task.ts"
import type { Optimization } from "../../domain/Trainer.ts"

export interface Choices {
  /** What a passed turn is worth; the paper's ablation is `binary`. */
  readonly reward: Reward.Rule
  /** What stages 2 and 3 say when a call fails; the paper's ablation is `none`. */
  readonly augment: Augmentor.Augment
  /** The paper's ablation: stage 3 alone, for as many steps as all four may have, of the same sizes. */
  readonly singleStage: boolean
}

export const choices: Choices = { reward: Reward.progress, augment: actionable, singleStage: false }

interface Numbers {
  /** Stage 1 uses the training tasks of base for which this holds, so many a step. */
  readonly beginners: { readonly tasks: (task: Task) => boolean; readonly tasksPerStep: number }
  readonly advance: readonly [Advance.Advance, Advance.Advance, Advance.Advance, Advance.Advance]
  readonly settings: Curriculum.Overrides<Curriculum.Settings>
  /** Of the learning rate in stage 4. */
  readonly decay?: Optimization["decay"]
  /** Stage 3 shows hints in this share of its episodes; the paper in all. */
  readonly hintShare: number
  /** Damps the scaling of groups whose rewards hardly differ. */
  readonly advantageEpsilon: number
}

const isBase = (task: Task): boolean => task.category === "base"

const asLongAs = (some: ReadonlyArray<Advance.Advance>): Advance.Advance =>
  Advance.after(some.reduce((sum, advance) => sum + (boundOf(advance) ?? 0), 0))

const make = <E, R>(
  name: string,
  environment: Layer.Layer<Environment, E, R>,
  numbers: Numbers,
  { augment, reward, singleStage }: Choices
): Curriculum.Curriculum<E, Exclude<R, Augmentor.Augmentor>> => {
  const advantage = groupRelative(numbers.advantageEpsilon)
  const { advance: [syntax, hints, hard, alone], decay = null, settings } = numbers
  const lastSettings = { ...settings, optimization: { ...settings.optimization, decay } }
  const fading = Augmentor.inShare(numbers.hintShare, augment)
  const progress = Reward.layer(reward)
  const solving = (name: string, advance: Advance.Advance, settings: Curriculum.Overrides<Curriculum.Settings>) =>
    Curriculum.stage(name, {
      tasks: () => true,
      services: Layer.merge(Augmentor.layer(fading), progress),
      advantage,
      advance,
      settings
    })
  if (singleStage) {
    return Curriculum.make({
      name: `${name} in a single stage`,
      environment,
      stages: decay === null
        ? [solving("solving hard tasks", asLongAs(numbers.advance), settings)]
        : [
          solving("solving hard tasks", asLongAs([syntax, hints, hard]), settings),
          solving("the same, in ever smaller steps", asLongAs([alone]), lastSettings)
        ]
    })
  }
  return Curriculum.make({
    name,
    environment,
    stages: [
      Curriculum.stage("mastering syntax", {
        tasks: (task) => isBase(task) && numbers.beginners.tasks(task),
        services: Layer.merge(Augmentor.layerNone, Reward.layer(Reward.syntax)),
        advantage,
        advance: syntax,
        // Syntax is judged over whole episodes: it has no part per turn.
        settings: { ...settings, tasksPerStep: numbers.beginners.tasksPerStep, credit: "episode" }
      }),
      Curriculum.stage("learning with hints", {
        tasks: isBase,
        services: Layer.merge(Augmentor.layer(augment), progress),
        advantage,
        advance: hints,
        settings
      }),
      solving("solving hard tasks", hard, settings),
      Curriculum.stage("independent solving", {
        tasks: () => true,
        services: Layer.merge(Augmentor.layerNone, progress),
        advantage,
        advance: alone,
        settings: lastSettings
      })
    ]
  })
}

/** Of stage 4 on drills. */
const lastSteps = 90

/**
 * For the built-in model on drills, in minutes on two cores.
 *
 * Beside the numbers, two choices differ from the paper's. Credit is by turn: a state that was spoiled in one turn fails
 * those after it, so comparing siblings turn by turn says more per episode. And stage 3 shows its hints in half of the
 * episodes: a model this small follows hints by copying them, and otherwise has nothing left to copy in stage 4.
 * Groups in which all do alike are replaced up to three times: late in a run they are most, and what is left to learn is
 * in the others. Stages 1 and 2 are short: they have base tasks only, where to ask is never right, and a model this small soon forgets how.
 * Stage 4 takes smaller and smaller steps: at the rate that learns fastest, what passes swings by three points from one step
 * to the next.
 */
export const drills = <E, R>(
  environment: Layer.Layer<Environment, E, R>,
  own: Choices = choices
): Curriculum.Curriculum<E, Exclude<R, Augmentor.Augmentor>> =>
  make("paper-drills", environment, {
    beginners: { tasks: () => true, tasksPerStep: 32 },
    hintShare: 0.5,
    advance: [
      Advance.any(Advance.rewardAbove(1.9, { window: 2 }), Advance.after(6)),
      Advance.any(Advance.rewardAbove(0.85, { window: 4 }), Advance.after(6)),
      Advance.any(Advance.rewardAbove(0.9, { window: 4 }), Advance.after(240)),
      Advance.any(Advance.rewardAbove(0.95, { window: 4 }), Advance.after(lastSteps))
    ],
    advantageEpsilon: 0.1,
    decay: { steps: lastSteps, to: 0.1 },
    settings: {
      tasksPerStep: 32,
      groupSize: 8,
      concurrency: 512,
      maxSteps: 40,
      refillRounds: 3,
      credit: "turn",
      turnDiscount: 0.3,
      sampling: { temperature: 1, maxTokens: 32 },
      optimization: {
        loss: { klCoefficient: 0, entropyCoefficient: 0.003, dualClip: null, aggregation: "token-mean" },
        learningRate: 8e-4,
        warmupSteps: 10,
        beta2: 0.95,
        epsilon: 1e-4,
        weightDecay: 0
      }
    }
  }, own)

/** Stage 1 of the released code has 75 of the 100 base instances of the training part. */
const threeOfFour = (task: Task): boolean => Number(task.scenario.replaceAll(/\D/g, "")) % 4 !== 3

/** 20 epochs. */
const epochs = (instances: number, tasksPerStep: number): Advance.Advance =>
  Advance.after(Math.ceil((20 * instances) / tasksPerStep))

const released = {
  beginners: { tasks: threeOfFour, tasksPerStep: 16 },
  hintShare: 1,
  advance: [epochs(75, 16), epochs(100, 32), epochs(400, 32), epochs(400, 32)],
  advantageEpsilon: 1e-6,
  settings: {
    tasksPerStep: 32,
    groupSize: 16,
    concurrency: 512,
    maxSteps: 100,
    sampling: { temperature: 1, maxTokens: 4096 }
  }
} satisfies Numbers

/** The released hyper-parameters, for a model of 7-8B parameters on BFCL's 400 training instances. */
export const bfcl = <E, R>(
  environment: Layer.Layer<Environment, E, R>,
  own: Choices = choices
): Curriculum.Curriculum<E, Exclude<R, Augmentor.Augmentor>> => make("paper-bfcl", environment, released, own)

/**
 * As `bfcl`, for low-rank adapters. They want about ten times the learning rate of the whole model, less memory of past
 * gradients, and no weight decay: what decays is the difference to the frozen start, which the KL term holds already
 * (spec: tinker, What the cookbook's RL loop does).
 */
export const bfclLora = <E, R>(
  environment: Layer.Layer<Environment, E, R>,
  own: Choices = choices
): Curriculum.Curriculum<E, Exclude<R, Augmentor.Augmentor>> =>
  make("paper-bfcl-lora", environment, {
    ...released,
    settings: { ...released.settings, optimization: { learningRate: 1e-5, beta2: 0.95, weightDecay: 0 } }
  }, own)

/**
 * The same stages on BFCL's instances, two steps each and small, for the built-in model. It cannot read these
 * instances as a language model does, so this rehearses a run (data, environment, record, report) and teaches next to nothing.
 */
export const rehearsal = <E, R>(
  environment: Layer.Layer<Environment, E, R>,
  own: Choices = choices
): Curriculum.Curriculum<E, Exclude<R, Augmentor.Augmentor>> =>
  make("paper-rehearsal", environment, {
    beginners: { tasks: threeOfFour, tasksPerStep: 4 },
    hintShare: 1,
    advance: [Advance.after(2), Advance.after(2), Advance.after(2), Advance.after(2)],
    advantageEpsilon: 0.1,
    settings: {
      tasksPerStep: 4,
      groupSize: 4,
      concurrency: 64,
      maxSteps: 60,
      sampling: { temperature: 1, maxTokens: 64 },
      optimization: { loss: { klCoefficient: 0 }, learningRate: 1e-4, beta2: 0.95 }
    }
  }, own)
