/**
 * What drills are made of: worlds in which a person asks for things.
 *
 * A theme opens a world over one tool set. The world knows its initial configuration, hands
 * out requests that make sense in its present state, and follows along as if each had been
 * carried out, so the next request still makes sense.
 */
import type { Draws } from "../Seed.ts"

/**
 * Why the first natural call fails, where it does: only the environment's error says so.
 *
 * `path`: a path where only a name is allowed. `elsewhere`: the file is in the parent
 * directory. `doors`, `brake`, `engine`: the car is not ready. `login`: nobody is logged in.
 * `name`: a person's name where an id is needed. `city`: a city where an airport code is needed.
 */
export type Trap = "path" | "elsewhere" | "doors" | "brake" | "engine" | "login" | "name" | "city"

/** What a person asks for in one turn, and what doing it takes. */
export interface Request {
  readonly text: string
  /** Ground truth: call strings in the order of a patient expert who knows the constraints. */
  readonly calls: ReadonlyArray<string>
  /** The tool the request is about; a miss_func drill withholds this one. */
  readonly tool: string
  readonly trap?: Trap
  /** The request with a value left out, and the sentence that supplies it: a miss_param drill. */
  readonly vague?: { readonly text: string; readonly reply: string }
}

export interface World {
  /** The tool set's configuration as JSON text: Python's int and float stay apart in their spelling. */
  readonly config: string
  /** The next request. With `trapped`, one with a trap, where the world's state offers any. */
  readonly next: (options: { readonly trapped: boolean }) => Request
}

export interface Theme {
  /** BFCL's class. */
  readonly toolset: string
  /** Offered in training and test drills. */
  readonly tools: ReadonlyArray<string>
  /** Offered in transfer drills alone. */
  readonly unseenTools: ReadonlyArray<string>
  readonly open: (draws: Draws) => World
  /** A world of requests for the unseen tools. */
  readonly openUnseen: (draws: Draws) => World
}

/** A request that may or may not be possible now. */
export type Offer = () => Request | undefined

/** A world whose requests are drawn from offers: plain ones, and ones with a trap. */
export const world = (
  draws: Draws,
  config: string,
  plain: ReadonlyArray<Offer>,
  trapped: ReadonlyArray<Offer>
): World => {
  const first = (offers: ReadonlyArray<Offer>): Request | undefined => {
    for (const offer of draws.shuffle(offers)) {
      const request = offer()
      if (request !== undefined) return request
    }
    return undefined
  }
  return {
    config,
    next: (options) => {
      const request = (options.trapped ? first(trapped) : undefined) ?? first(plain)
      if (request === undefined) throw new RangeError("a drill's world has run out of requests")
      return request
    }
  }
}
