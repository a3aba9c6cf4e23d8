/** What requests to a model server took, and what they cost. */
import { Schema } from "effect"
import type { Usage } from "../Policy.ts"

const Price = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** USD per million tokens. */
export const Prices = Schema.Struct({
  prompt: Price,
  /** Of prompt tokens that were read from a cache; as `prompt` when absent. */
  cached: Schema.optionalKey(Price),
  completion: Price
})
export type Prices = typeof Prices.Type

export interface Spending {
  /** Every one that was sent, whatever became of it. */
  readonly requests: number
  /** Of `requests`: those that asked again for what another had not brought. */
  readonly retries: number
  /** Answers that do not say how many tokens they took: those are in none of the counts below. */
  readonly uncounted: number
  readonly tokens: Usage
}

export const none: Spending = { requests: 0, retries: 0, uncounted: 0, tokens: { prompt: 0, cached: 0, completion: 0 } }

export const asked = (spending: Spending, attempt: number): Spending => ({
  ...spending,
  requests: spending.requests + 1,
  retries: spending.retries + (attempt > 1 ? 1 : 0)
})

export const answered = (spending: Spending, usage: Usage | undefined): Spending =>
  usage === undefined ? { ...spending, uncounted: spending.uncounted + 1 } : {
    ...spending,
    tokens: {
      prompt: spending.tokens.prompt + usage.prompt,
      cached: spending.tokens.cached + usage.cached,
      completion: spending.tokens.completion + usage.completion
    }
  }

/** In USD. */
export const cost = ({ tokens }: Spending, prices: Prices): number =>
  ((tokens.prompt - tokens.cached) * prices.prompt + tokens.cached * (prices.cached ?? prices.prompt)
    + tokens.completion * prices.completion) / 1e6
