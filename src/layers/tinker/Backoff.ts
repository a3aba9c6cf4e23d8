/** How long to wait before a request is sent again, in milliseconds; undefined ends it (spec: tinker, 1.7 and 1.8). */

export interface Backoff {
  /** For an answer. */
  readonly patience: `${number} seconds`
  /** After an answer that is none to the request. */
  readonly wait: (status: number, attempts: number, retryAfter: string | undefined) => number | undefined
  /** After no answer. */
  readonly unanswered: (attempts: number) => number | undefined
  /** Whether an answer is one of the attempts that are limited. */
  readonly counts: (status: number) => boolean
}

const second = 1000

/** The server answers a submission at once, and a poll within a window of its own, which may be longer than this. */
export const patience = "45 seconds"

/** Attempts before a failure that may pass is final. */
const attemptsOfSubmission = 10
const attemptsOfPoll = 14
const attemptsToBegin = 3

export const billingSeconds = 3600
const billingPause = 5 * second

/** Answers of 400 without a reason before one is believed. */
export const strays = 3

/** A server that holds no poll open must not be asked without a break. */
export const betweenPolls = 100

const exponential = (first: number, most: number, attempts: number): number =>
  Math.min(first * 2 ** (attempts - 1), most)

/** Seconds, up to a minute; dates and nonsense are as good as nothing. */
const asked = (retryAfter: string | undefined): number | undefined => {
  const seconds = Number(retryAfter)
  return retryAfter !== undefined && seconds >= 0 && seconds <= 60 ? seconds * second : undefined
}

export const unpaid = (attempts: number): number | undefined =>
  attempts * billingPause > billingSeconds * second ? undefined : billingPause

const unanswered = (attempts: number): number | undefined =>
  attempts >= attemptsOfSubmission ? undefined : exponential(second / 2, 10 * second, attempts)

/** No answer to a poll, or none that says anything of the request. */
export const polling = (attempts: number): number | undefined =>
  attempts >= attemptsOfPoll ? undefined : exponential(second, 30 * second, attempts)

const passes = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500

const ordinaryWait: Backoff["wait"] = (status, attempts, retryAfter) => {
  if (status === 402) return unpaid(attempts)
  if (!passes(status)) return undefined
  const wait = unanswered(attempts)
  return wait === undefined ? undefined : asked(retryAfter) ?? wait
}

export const ordinary: Backoff = { patience, wait: ordinaryWait, unanswered, counts: () => true }

/** Of the first question: where nobody is, or somebody else, that is to be heard of at once. */
export const beginning: Backoff = {
  patience: "10 seconds",
  wait: (status, attempts, retryAfter) =>
    status === 501 || (status !== 402 && attempts >= attemptsToBegin)
      ? undefined
      : ordinaryWait(status, attempts, retryAfter),
  unanswered: () => undefined,
  counts: () => true
}

/** A sampler that has enough to do says so with 429, for as long as it takes; `bytes` are the request's. */
export const sampling = (bytes: number): Backoff => ({
  patience,
  wait: (status, attempts, retryAfter) =>
    status === 429
      ? asked(retryAfter) ?? (bytes <= 131_072 ? second : 5 * second)
      : ordinaryWait(status, attempts, retryAfter),
  unanswered,
  counts: (status) => status !== 429
})
