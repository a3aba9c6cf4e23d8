/** Four short stages on toy tasks, for `envtune tune` with a model of random weights. */
import { Layer } from "effect"
import * as Reward from "../../../src/domain/Reward.ts"
import * as Tasks from "../../../src/domain/Tasks.ts"
import { curriculum, hinting, stage, tasks } from "../world.ts"
import { even } from "./noise.ts"

const short = (name: string) => ({
  ...stage(name, 2, { sampling: { maxTokens: 12 }, optimization: { learningRate: 0.01 } }),
  services: Layer.merge(hinting, Reward.layer(even))
})

export default {
  ...curriculum(short("one"), short("two"), short("three"), short("four")),
  tasks: Tasks.layer(tasks, { source: "toy" })
}
