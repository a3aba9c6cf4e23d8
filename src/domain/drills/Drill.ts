/**
 * From stories to tasks: every story becomes four variants, as in BFCL.
 *
 * base: the requests as they are. miss_func: the tool of one request is withheld, then handed
 * over in a turn of its own. miss_param: one request lacks a value, which the next turn
 * supplies. long_context: the same story in an environment that says much more.
 */
import type { Category, Entry, Turn } from "../bfcl/Entry.ts"
import * as Seed from "../Seed.ts"
import type { Part, Task } from "../Task.ts"
import * as Car from "./Car.ts"
import * as Files from "./Files.ts"
import * as Messages from "./Messages.ts"
import type { Request, Theme, Trap } from "./Story.ts"
import * as Travel from "./Travel.ts"

export const themes: ReadonlyArray<Theme> = [Files.theme, Car.theme, Messages.theme, Travel.theme]

/** Class -> every tool that drills know of it. */
export const tools: Readonly<Record<string, ReadonlyArray<string>>> = Object.fromEntries(
  themes.map(({ toolset, tools: seen, unseenTools }) => [toolset, [...seen, ...unseenTools]])
)

/** A drill: an entry as the BFCL environment opens it, and the traps of its story. */
export interface Drill {
  readonly entry: Entry
  readonly traps: ReadonlyArray<Trap>
}

/** What somebody wants, turn by turn, and the world they want it in. */
export interface Story {
  readonly theme: Theme
  readonly config: string
  readonly requests: ReadonlyArray<Request>
  readonly tools: ReadonlyArray<string>
  /** Equal for stories that start and ask the same. */
  readonly scenario: number
}

/** How often a story has 1, 2 or 3 requests. */
const lengths = [1, 2, 2, 2, 3] as const
/** How many stories contain a trap, where the world offers one. */
const trapShare = 0.6

/** One story of a seed. */
export const tell = (seed: number, unseen: boolean): Story => {
  const draws = new Seed.Draws(seed)
  const theme = draws.pick(themes)
  const world = unseen ? theme.openUnseen(draws) : theme.open(draws)
  const turns = draws.pick(lengths)
  const trapAt = draws.chance(trapShare) ? draws.below(turns) : -1
  const config = `{"${theme.toolset}": ${world.config}}`
  const requests = Array.from({ length: turns }, (_, at) => world.next({ trapped: at === trapAt }))
  return {
    theme,
    config,
    requests,
    tools: unseen ? [...theme.tools.slice(0, 5), ...theme.unseenTools] : theme.tools,
    scenario: Seed.derive(config, ...requests.map(({ text }) => text))
  }
}

const toolOf = (call: string): string => call.slice(0, call.indexOf("("))

/** Turns whose tool nothing before them needs. */
const withholdable = ({ requests }: Story): ReadonlyArray<number> =>
  requests.flatMap((request, turn) =>
    requests.slice(0, turn).some(({ calls }) => calls.some((call) => toolOf(call) === request.tool)) ? [] : [turn]
  )

const turn = (text: string, groundTruth: ReadonlyArray<string>): Turn => ({
  messages: [{ role: "user", content: text }],
  revealed: [],
  groundTruth
})

const drillOf = (
  story: Story,
  category: Category,
  turns: ReadonlyArray<Turn>,
  tools: ReadonlyArray<string> = story.tools
): Drill => ({
  entry: {
    id: `${category}_${story.scenario}`,
    category,
    scenario: story.scenario,
    classes: [story.theme.toolset],
    initialConfig: story.config,
    turns,
    longContext: category === "long_context",
    tools
  },
  traps: story.requests.flatMap(({ trap }) => trap ?? [])
})

const withheld = (story: Story, at: number): Drill => {
  const { calls, text, tool } = story.requests[at]!
  const turns = story.requests.map((request) => turn(request.text, request.calls))
  return drillOf(
    story,
    "miss_func",
    turns.toSpliced(at, 1, turn(text, []), { messages: [], revealed: [tool], groundTruth: calls }),
    story.tools.filter((name) => name !== tool)
  )
}

const leftOut = (
  story: Story,
  at: number,
  { reply, text }: { readonly reply: string; readonly text: string }
): Drill => {
  const { calls } = story.requests[at]!
  const turns = story.requests.map((request) => turn(request.text, request.calls))
  return drillOf(story, "miss_param", turns.toSpliced(at, 1, turn(text, []), turn(reply, calls)))
}

/** The variants a story allows. */
export const variants = (story: Story): ReadonlyArray<Drill> => {
  const draws = new Seed.Draws(Seed.derive("variants", story.scenario))
  const turns = story.requests.map((request) => turn(request.text, request.calls))
  const withholding = withholdable(story)
  const vague = story.requests.flatMap((request, at) =>
    request.vague === undefined ? [] : [{ at, vague: request.vague }]
  )
  const chosen = vague.length > 0 ? draws.pick(vague) : undefined
  return [
    drillOf(story, "base", turns),
    ...(withholding.length > 0 ? [withheld(story, draws.pick(withholding))] : []),
    ...(chosen !== undefined ? [leftOut(story, chosen.at, chosen.vague)] : []),
    // In long context a fare comes with those of all 153 routes, which is no drill any more.
    ...(story.requests.some(({ tool }) => tool === "get_flight_cost") ? [] : [drillOf(story, "long_context", turns)])
  ]
}

export interface Sizes {
  /** Stories per part; each becomes up to four tasks. */
  readonly train: number
  readonly test: number
  readonly transfer: number
}

export const sizes: Sizes = { train: 500, test: 120, transfer: 30 }

/** A drill as a task of a part. */
export interface Exercise {
  readonly task: Task
  readonly traps: ReadonlyArray<Trap>
}

/** The name under which a story is known to be the same as another. */
export const scenarioOf = ({ scenario }: Story): string => `drill-${scenario.toString(16).padStart(8, "0")}`

/**
 * The test and transfer parts, which are the same whatever the seed, and the training part of a seed. `prove` executes a
 * drill's ground truth and says whether it runs without a failure and passes its own check; a story with a variant that
 * does not is told anew. Stories that allow fewer than all variants are kept; no scenario is in two parts, or twice in one.
 */
export const generate = (seed: number, counts: Sizes, prove: (drill: Drill) => boolean): ReadonlyArray<Exercise> => {
  const seen = new Set<number>()
  const exercises: Array<Exercise> = []
  const parts: ReadonlyArray<readonly [Part, number]> = [
    ["test", counts.test],
    ["transfer", counts.transfer],
    ["train", counts.train]
  ]
  for (const [part, wanted] of parts) {
    let kept = 0
    for (let attempt = 0; kept < wanted; attempt++) {
      const storySeed = Seed.derive("drill", part === "train" ? seed : "fixed", part, attempt)
      const story = tell(storySeed, part === "transfer")
      if (seen.has(story.scenario)) continue
      const drills = variants(story)
      if (!drills.every(prove)) continue
      seen.add(story.scenario)
      kept += 1
      for (const { entry, traps } of drills) {
        const id = `drill_${part}_${entry.category}_${kept - 1}`
        const task = { id, category: entry.category, scenario: scenarioOf(story), part, payload: { ...entry, id } }
        exercises.push({ task, traps })
      }
    }
  }
  return exercises
}
