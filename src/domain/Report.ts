/**
 * What one step of a stage did. Every attempted episode is in exactly one place of the
 * ledger, so `attempted = trained + filtered + failed` holds for every report.
 */
import { Effect, Schema } from "effect"
import { Update } from "./Trainer.ts"

/** What is counted -> how often. */
export const Counts = Schema.Record(Schema.String, Schema.Natural)
export type Counts = typeof Counts.Type

export const Ledger = Schema.Struct({
  attempted: Schema.Natural,
  /** Members of the groups that made the update. */
  trained: Schema.Natural,
  /** Finished but not trained on, by cause: `no_signal`, `unscorable`, `lone_member`, `stage_over`. */
  filtered: Counts,
  /** Not finished, by cause: `deadline`, `stage_over`, or the tag of the error's reason. */
  failed: Counts
})
export type Ledger = typeof Ledger.Type

/** The sum of all counts. */
export const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

export const ledgerBalances = (ledger: Ledger): boolean =>
  ledger.attempted === ledger.trained + total(ledger.filtered) + total(ledger.failed)

/** Count, mean and unbiased variance of scored episodes' rewards. */
export const Moments = Schema.Struct({ n: Schema.Natural, mean: Schema.Finite, variance: Schema.Finite })
export type Moments = typeof Moments.Type

/** Passed of n. */
export const Rate = Schema.Struct({ n: Schema.Natural, passed: Schema.Natural })
export type Rate = typeof Rate.Type

/** `<part>/<category>` -> passed of n. */
export const Scores = Schema.Record(Schema.String, Rate)
export type Scores = typeof Scores.Type

/** A sign that training goes wrong, at the step at which it began. */
export const Alarm = Schema.Struct({
  kind: Schema.Literals(["entropy", "no_signal", "no_calls", "reward_without_success", "gradient", "length"]),
  /** What the stage's settings want done about it. */
  action: Schema.Literals(["warn", "stop"]),
  /** In a sentence with the numbers. */
  says: Schema.String
}).annotate({ identifier: "envtune/Alarm" })
export type Alarm = typeof Alarm.Type

export const StepReport = Schema.Struct({
  stage: Schema.String,
  /** Position of the stage in the curriculum, from 0. */
  stageIndex: Schema.Natural,
  /** Within the stage, from 0. */
  stageStep: Schema.Natural,
  /** Within the run, from 0. */
  step: Schema.Natural,
  ledger: Ledger,
  groups: Schema.Struct({ collected: Schema.Natural, trained: Schema.Natural, refillRounds: Schema.Natural }),
  reward: Moments,
  /** Reward term -> mean over scored episodes. */
  terms: Schema.Record(Schema.String, Schema.Finite),
  /** Episodes whose every turn passed, over finished episodes. */
  success: Rate,
  turns: Rate,
  /** Category -> success. */
  categories: Schema.Record(Schema.String, Rate),
  /** Step code (-3 .. 1) -> steps. */
  codes: Counts,
  /** Hint rule -> times it spoke. */
  hints: Counts,
  /** Why turns failed (`Diagnosis.Label`) -> turns. Records of version 0.1.0 have none. */
  diagnoses: Counts.pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Those that began with this step. */
  alarms: Schema.Array(Alarm).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  sampledTokens: Schema.Natural,
  /** Prompts that changed what was there before and so started another segment of an episode; absent when none did. */
  breaks: Schema.optionalKey(Schema.Natural),
  /** Optimiser steps, at most, between the weights that sampled the batch and those it updated; absent when they are the same. */
  staleness: Schema.optionalKey(Schema.Natural),
  /** Absent when no group had signal and nothing was trained. */
  update: Schema.optionalKey(Update),
  /** Whether this was the stage's last step, the rule's reason, and how far it is (0 to 1) where it can tell. */
  advance: Schema.Struct({ over: Schema.Boolean, why: Schema.String, progress: Schema.optionalKey(Schema.Finite) }),
  /**
   * Wall seconds: until the batch was there, and of its update. The only fields that differ between two runs of one seed,
   * unless one is collected while another is trained on.
   */
  seconds: Schema.Struct({ collect: Schema.Finite, train: Schema.Finite })
}).annotate({ identifier: "envtune/StepReport" })
export type StepReport = typeof StepReport.Type

/** Of a step in which nothing was attempted. */
export const idle: StepReport = {
  stage: "",
  stageIndex: 0,
  stageStep: 0,
  step: 0,
  ledger: { attempted: 0, trained: 0, filtered: {}, failed: {} },
  groups: { collected: 0, trained: 0, refillRounds: 0 },
  reward: { n: 0, mean: 0, variance: 0 },
  terms: {},
  success: { n: 0, passed: 0 },
  turns: { n: 0, passed: 0 },
  categories: {},
  codes: {},
  hints: {},
  diagnoses: {},
  alarms: [],
  sampledTokens: 0,
  advance: { over: false, why: "" },
  seconds: { collect: 0, train: 0 }
}
