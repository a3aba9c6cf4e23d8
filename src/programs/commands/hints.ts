/** `envtune hints`: what the built-in rules speak of, found out by making tools fail, and what one was worth in a run. */
import { Console, Effect } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { Row } from "../../domain/bfcl/HintCoverage.ts"
import * as Contrasts from "../contrasts.ts"
import { counterfactual as play } from "../counterfactual.ts"
import { Unavailable } from "../refusal.ts"
import * as Text from "../text.ts"
import * as Flags from "./flags.ts"

/** A rule, and whom it helps. */
interface Rule {
  readonly rule: string
  readonly kinds: ReadonlyArray<string>
  readonly tools: ReadonlyArray<string>
}

const byRule = (rows: ReadonlyArray<Row>): ReadonlyArray<Rule> =>
  [...new Set(rows.flatMap(({ rules }) => rules))].toSorted().map((rule) => {
    const spoken = rows.filter(({ rules }) => rules.includes(rule))
    return {
      rule,
      kinds: [...new Set(spoken.map(({ kind }) => kind))],
      tools: [...new Set(spoken.map(({ tool }) => tool))]
    }
  })

const ruleTable = (rules: ReadonlyArray<Rule>): ReadonlyArray<string> =>
  Text.table([
    ["rule", "speaks of", "tools"],
    ...rules.map(({ kinds, rule, tools }) => [rule, kinds.join(", "), String(tools.length)])
  ], 2)

const coverageTable = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  Text.table([
    ["class", "tool", "failure", "rule", "met"],
    ...rows.map(({ kind, met, rules, tool, toolset }) => [
      toolset,
      tool,
      kind,
      rules.length === 0 ? "none" : rules.join(", "),
      Text.grouped(met)
    ])
  ], 4)

const complaint = ({ kind, met, silent, silentCall, tool }: Row): string =>
  met === 0
    ? `${tool} declares ${kind}, and no call that was tried came to it`
    : `no rule speaks for ${Text.grouped(silent)} of ${
      Text.grouped(met)
    } failures of ${tool} that are ${kind}: ${silentCall}`

// Simulators are loaded when the command runs, so that --help does not wait for them.
const load = Effect.promise(() =>
  Promise.all([
    import("../../domain/augment/Actionable.ts"),
    import("../../domain/bfcl/HintCoverage.ts"),
    import("../../domain/bfcl/Toolsets.ts")
  ])
)

const print = (lines: ReadonlyArray<string>) => Effect.forEach(lines, (line) => Console.log(line), { discard: true })

const jsonLines = (values: ReadonlyArray<Row | Rule>): ReadonlyArray<string> =>
  values.map((value) => JSON.stringify(value))

const counterfactual = Command.make(
  "counterfactual",
  {
    run: Argument.String("run").pipe(Argument.withDescription("The folder of a run in which the rule spoke")),
    rule: Flag.String("rule").pipe(Flag.withDescription("The rule to silence, as the run's report calls it")),
    episodes: Flags.positive("episodes").pipe(
      Flag.withDefault(256),
      Flag.withDescription("Of the episodes in which it spoke, at most so many are played again")
    ),
    weights: Flags.weights.pipe(Flag.withDescription("Saved weights that play; the run's last ones when absent")),
    workers: Flags.workers,
    seed: Flags.seed.pipe(Flag.withDescription("Of the choice of episodes, and of resampling")),
    json: Flags.json
  },
  Effect.fn(function*({ json, ...options }) {
    const result = yield* play(options)
    yield* print(json ? [JSON.stringify(result)] : Contrasts.counterfactual(result))
  })
).pipe(
  Command.withDescription("Play episodes of a run again with one rule silent, and say what the rule is worth"),
  Command.withExamples([
    {
      command: "envtune hints counterfactual runs/mine --rule dependency.airport_code",
      description: "The same seeds, with and without the rule, by the run's last weights"
    }
  ])
)

export const hints = Command.make(
  "hints",
  {
    coverage: Flag.Boolean("coverage").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Show every tool and kind of failure, and end with exit code 1 where no rule speaks")
    ),
    classes: Flags.list("class").pipe(
      Flag.withDescription("Classes of BFCL's tools, separated by commas; all when absent")
    ),
    json: Flags.json
  },
  Effect.fn(function*({ classes, coverage, json }) {
    const [{ hint }, { cover, isCovered }, { classNames, toolsetOf }] = yield* load
    const unknown = classes.find((name) => toolsetOf(name) === undefined)
    if (unknown !== undefined) {
      const known = classNames.filter((name) => toolsetOf(name) !== undefined).join(", ")
      return yield* new Unavailable({ detail: `there are no tools of a class "${unknown}"; there are ${known}` })
    }
    const rows = (classes.length === 0 ? classNames : classes)
      .flatMap((name) => toolsetOf(name) ?? [])
      .flatMap((toolset) => cover(toolset, hint))
    if (!coverage) {
      const rules = byRule(rows)
      return yield* print(json ? jsonLines(rules) : ruleTable(rules))
    }
    const uncovered = rows.filter((row) => !isCovered(row))
    const count = `${rows.length - uncovered.length} of ${rows.length} kinds of failures have a rule`
    yield* print(json ? jsonLines(rows) : [...coverageTable(rows), count])
    if (uncovered.length > 0) return yield* new Unavailable({ detail: uncovered.map(complaint).join("; ") })
  })
).pipe(
  Command.withDescription("Make BFCL's tools fail in all their ways, and say which rules have a hint for it"),
  Command.withExamples([
    { command: "envtune hints", description: "The rules, what they speak of, and how many tools they help" },
    { command: "envtune hints --coverage --class TicketAPI", description: "Tool by tool, kind by kind" }
  ]),
  Command.withSubcommands([counterfactual])
)
