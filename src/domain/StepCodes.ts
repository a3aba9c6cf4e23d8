/**
 * What the step codes of one conversation are worth: the paper's rewards as formulas (spec: bfcl 6.3).
 *
 * With n steps, a of code -1 (calls that ran), b of code -2 (a call with an execution error) and f of
 * code -3 (malformed); 0 and 1 are turns that ended failed and passed.
 */
import type { StepCode } from "./Environment.ts"

type Codes = ReadonlyArray<StepCode>

const count = (codes: Codes, code: StepCode): number => codes.filter((each) => each === code).length

const share = (part: number, whole: number): number => whole === 0 ? 0 : part / whole

/** Passed turns over turns that ended, 0 when none did: the released `bfcl_reward`. */
export const progressReleased = (codes: Codes): number => {
  const passed = count(codes, 1)
  return share(passed, passed + count(codes, 0))
}

/** Passed turns over all `turns` of the task, played or not: the reward as the paper states it. */
export const progress = (codes: Codes, turns: number): number => share(count(codes, 1), turns)

/** 1 when all `turns` of the task, of which there is at least one, were played and passed, else 0. */
export const binary = (codes: Codes, turns: number): number => turns > 0 && count(codes, 1) === turns ? 1 : 0

/** Well-formed steps over all steps, (n - f) / n. */
export const format = (codes: Codes): number => share(codes.length - count(codes, -3), codes.length)

/** Tool steps without an execution error over tool steps, a / (a + b). */
export const toolCalls = (codes: Codes): number => share(count(codes, -1), count(codes, -1) + count(codes, -2))

/** Whether any step called a tool, a + b > 0. */
export const called = (codes: Codes): boolean => codes.some((code) => code === -1 || code === -2)

/** `format` plus `toolCalls`, 0 without any tool call; in 0..2: the released `format_reward` of stage 1. */
export const syntax = (codes: Codes): number => called(codes) ? format(codes) + toolCalls(codes) : 0
