/** What a model of random weights can be paid for. */
import type { Episode } from "../../../src/domain/Episode.ts"
import * as Reward from "../../../src/domain/Reward.ts"

/** The share of even ids among those sampled: noise has some, more or less, so that groups have something to learn. */
export const even: Reward.Rule = (episode: Episode) => {
  const ids = episode.steps.flatMap(({ completion }) => Array.from(completion.tokens?.completion ?? []))
  const share = ids.length === 0 ? 0 : ids.filter((id) => id % 2 === 0).length / ids.length
  return Reward.scored(share, { even: share }, Array.from({ length: episode.turns }, () => share))
}
