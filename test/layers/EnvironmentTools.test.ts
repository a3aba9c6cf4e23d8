import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import { actionable } from "../../src/domain/augment/Actionable.ts"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import { Environment, type Transition } from "../../src/domain/Environment.ts"
import * as Protocol from "../../src/domain/Protocol.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as Task from "../../src/domain/Task.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as Tools from "../../src/domain/tools/Tool.ts"
import * as EnvironmentTools from "../../src/layers/EnvironmentTools.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { tune } from "../../src/programs/tune.ts"

/** An account in a bank, whose payload the tools change in place. */
const Account = Schema.Struct({
  open: Schema.mutableKey(Schema.Boolean),
  entries: Schema.mutable(Schema.Array(Schema.Int)),
  asks: Schema.Array(Schema.Struct({ ask: Schema.String, entries: Schema.Array(Schema.Int) }))
})
type Account = typeof Account.Type

const openAccount = Tools.tool("open_account", {
  description: "Open the account.",
  parameters: Schema.Struct({}),
  failures: ["already_done"],
  run: (account: Account) => {
    if (account.open) return Tools.fail("already_done", { message: "it is open" })
    account.open = true
    return "opened"
  }
})

const pay = Tools.tool("pay", {
  description: "Pay money in or out.",
  parameters: Schema.Struct({
    amount: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99 })),
    way: Schema.Literals(["in", "out"])
  }),
  failures: ["precondition", "insufficient"],
  run: ({ entries, open }: Account, { amount, way }) => {
    if (!open) return Tools.fail("precondition", { message: "the account is closed", needs: "open_account" })
    const balance = entries.reduce((sum, entry) => sum + entry, 0)
    if (way === "out" && balance < amount) {
      return Tools.fail("insufficient", {
        message: "not enough money",
        subject: { argument: "amount", maximum: balance }
      })
    }
    entries.push(way === "in" ? amount : -amount)
    return entries
  }
})

/** Takes the fee whether or not there is anything to print. */
const print = Tools.tool("print", {
  description: "Print the account, for a fee.",
  parameters: Schema.Struct({ page: Schema.Int }),
  run: ({ entries }: Account, { page }) => {
    entries.push(-1)
    return page === 1 ? entries : Tools.fail("not_found", { message: "no such page", subject: { argument: "page" } })
  }
})

const crash = Tools.tool("crash", {
  description: "Break.",
  parameters: Schema.Struct({}),
  run: (): null => {
    throw new RangeError("broken")
  }
})

const bank = {
  payload: Account,
  open: (account: Account) => account,
  tools: [openAccount, pay, print, crash],
  providers: { open_account: [{ tool: "open_account" }] },
  turns: ({ asks }: Account) => asks,
  check: ({ entries }: Account, expected: Account["asks"][number]): EnvironmentTools.Check =>
    entries.join() === expected.entries.join()
} satisfies EnvironmentTools.Options<Account, Account, Account["asks"][number]>

const task = Task.make("t", {
  open: false,
  entries: [],
  asks: [{ ask: "Open it and pay 5 in.", entries: [5] }, { ask: "Pay 2 out.", entries: [5, -2] }]
})

const environment = <P, S, R extends EnvironmentTools.Request>(
  options: EnvironmentTools.Options<P, S, R>,
  augment: Augmentor.Augment = Augmentor.none
) => Layer.provide(EnvironmentTools.layer(options), Augmentor.layer(augment))

/** What becomes of assistant messages, up to the end of the episode. */
const play = Effect.fnUntraced(function*(messages: ReadonlyArray<string>, of: Task.Task = task) {
  const { step } = yield* (yield* Environment).open(of, 1)
  const transitions: Array<Transition> = []
  for (const content of messages) {
    transitions.push(yield* step({ role: "assistant", content }))
    if (transitions.at(-1)?.done === true) break
  }
  return transitions
}, Effect.scoped)

const codes = (transitions: ReadonlyArray<Transition>) => transitions.map(({ code }) => code)

/** What must not depend on what is said about it. */
const facts = (transitions: ReadonlyArray<Transition>) =>
  transitions.map(({ code, done, outcomes, verdict }) => ({
    code,
    done,
    verdict,
    outcomes: outcomes.map(({ call, failure, ok, standard }) => ({ call, failure, ok, standard }))
  }))

const right = [
  Protocol.call("open_account"),
  Protocol.call("pay", { amount: 5, way: "in" }),
  Protocol.answer("Done."),
  Protocol.call("pay", { amount: 2, way: "out" }),
  Protocol.answer("Done.")
]

const malformed = [
  "hello",
  "<think></think>",
  "<think></think><tool_call>{</tool_call>",
  "<think></think><tool_call>[]</tool_call>"
]

/** Messages of every kind, to be put into any order. */
const repertoire = [
  ...right,
  ...malformed,
  Protocol.call("pay", { amount: 500, way: "in" }),
  Protocol.call("pay", { amount: 7, way: "out" }),
  Protocol.call("pay", { amount: 7 }),
  Protocol.call("pays", { amount: 7 }),
  Protocol.call("open_account", { force: true }),
  Protocol.call("print", { page: 2 })
]

const Script = Schema.Array(Schema.Literals(repertoire)).check(Schema.isMinLength(1), Schema.isMaxLength(20))

describe("an environment of tools", () => {
  it.effect("opens with the protocol, the tools and the first request", () =>
    Effect.gen(function*() {
      const { start } = yield* (yield* Environment).open(task, 1)
      assert.deepStrictEqual(start.messages.map(({ role }) => role), ["system", "user"])
      assert.strictEqual(start.messages[1]?.content, "Open it and pay 5 in.")
      assert.strictEqual(start.turns, 2)
      for (const { raw } of start.tools) assert.include(start.messages[0]?.content, JSON.stringify(raw))
    }).pipe(Effect.scoped, Effect.provide(environment(bank))))

  it.effect("passes turns whose check holds, and goes on after those whose check does not", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(codes(yield* play(right)), [-1, -1, 1, -1, 1])
      const [first, second] = yield* play([Protocol.answer("No."), Protocol.answer("No.")])
      assert.deepStrictEqual(first?.verdict, { turn: 0, passed: false, failure: "check" })
      assert.deepStrictEqual(first?.messages, [{ role: "user", content: "Pay 2 out." }])
      assert.deepStrictEqual([first?.done, second?.done, second?.messages], [false, true, []])
    }).pipe(Effect.provide(environment(bank))))

  it.effect("tells malformed messages from calls that cannot run, and those from calls that a tool refuses", () =>
    Effect.gen(function*() {
      for (const message of malformed) assert.deepStrictEqual(codes(yield* play([message])), [-3], message)
      const cannotRun = ["pays", "pay"].map((name) => Protocol.call(name, { amount: 1 }))
      for (const message of cannotRun) assert.deepStrictEqual(codes(yield* play([message])), [-2], message)
      const [refused] = yield* play([Protocol.call("pay", { amount: 1, way: "in" })])
      assert.strictEqual(refused?.code, -1)
      assert.deepInclude(refused?.outcomes[0], {
        call: "pay(amount=1, way=\"in\")",
        ok: false,
        failure: "precondition",
        standard: "{\"error\":\"the account is closed\"}"
      })
    }).pipe(Effect.provide(environment(bank))))

  it.effect("runs all calls of a message in order, and gives texts as they are and other values as JSON", () =>
    Effect.gen(function*() {
      const calls = [{ name: "open_account" }, { name: "pay", arguments: { amount: 5, way: "in" } }]
      const [step] = yield* play([`<think>both</think><tool_call>${JSON.stringify(calls)}</tool_call>`])
      assert.deepStrictEqual(step?.outcomes.map(({ standard }) => standard), ["opened", "[5]"])
      assert.include(step?.messages[0]?.content, "Execution results:[\"opened\", \"[5]\"]")
    }).pipe(Effect.provide(environment(bank))))

  it.effect("ends a turn at its sixth step, calls or not, and shows no results of it", () =>
    Effect.gen(function*() {
      const calling = yield* play(Array.from({ length: 6 }, () => Protocol.call("pay", { amount: 1, way: "in" })))
      assert.deepStrictEqual(codes(calling), [-1, -1, -1, -1, -1, 0])
      assert.deepStrictEqual(calling[5]?.messages, [{ role: "user", content: "Pay 2 out." }])
      assert.isTrue(calling[4]?.outcomes.every(({ hint }) => hint !== undefined))
      assert.isTrue(calling[5]?.outcomes.every(({ hint, shown, standard }) => hint === undefined && shown === standard))
      const rambling = yield* play(Array.from({ length: 6 }, () => "hello"))
      assert.deepStrictEqual(codes(rambling), [-3, -3, -3, -3, -3, 0])
    }).pipe(Effect.provide(environment(bank, actionable))))

  it.effect("shows the check what was done, as it was when it was done", () =>
    Effect.gen(function*() {
      const seen: Array<EnvironmentTools.Turn> = []
      const watching = environment({
        ...bank,
        check: (_state, _request, turn) => {
          seen.push(turn)
          return { passed: false, failure: "strict", detail: "nothing is good enough" }
        }
      })
      const [, , , , ended] = yield* Effect.provide(
        play([
          Protocol.call("open_account"),
          Protocol.call("pay", { amount: 5, way: "in" }),
          Protocol.call("pay", { amount: 3, way: "in" }),
          Protocol.call("pay", { amount: 50, way: "out" }),
          Protocol.answer("There.")
        ]),
        watching
      )
      assert.deepStrictEqual(ended?.verdict, {
        turn: 0,
        passed: false,
        failure: "strict",
        detail: "nothing is good enough"
      })
      assert.strictEqual(seen[0]?.answer, "There.")
      assert.deepStrictEqual(
        seen[0]?.calls.map((call) => [call.tool, call.ok ? call.value : call.failure.kind]),
        [["open_account", "opened"], ["pay", [5]], ["pay", [5, 3]], ["pay", "insufficient"]]
      )
    }))

  it.effect("keeps the episodes of a task apart, and the task as it is", () =>
    Effect.gen(function*() {
      const before = JSON.stringify(task)
      const [first, second] = yield* Effect.all([play(right), play(right)])
      assert.deepStrictEqual(second, first)
      assert.strictEqual(JSON.stringify(task), before)
    }).pipe(Effect.provide(environment(bank))))

  it.effect("refuses a task that it cannot open, and says why", () =>
    Effect.gen(function*() {
      const misfit = yield* Effect.flip(play([], Task.make("m", { open: "yes", entries: [], asks: [] })))
      assert.include(misfit.message, "task m cannot be opened: its payload does not fit")
      const empty = yield* Effect.flip(play([], Task.make("e", { open: true, entries: [], asks: [] })))
      assert.strictEqual(empty.message, "task e cannot be opened: it has no turns")
      assert.isFalse(misfit.isRetryable || empty.isRetryable)
    }).pipe(Effect.provide(environment(bank))))

  it.effect("takes a tool that throws for a simulator that crashed", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(play([Protocol.call("crash")]))
      assert.strictEqual(error.reason._tag, "SimulatorCrashed")
      assert.isTrue(error.isRetryable)
      assert.include(error.message, "broken")
    }).pipe(Effect.provide(environment(bank))))

  it("refuses two tools of one name, and a provider that is no tool", () => {
    assert.throws(
      () => EnvironmentTools.layer({ ...bank, providers: {}, tools: [pay, pay] }),
      /two tools are called "pay"/
    )
    assert.throws(
      () => EnvironmentTools.layer({ ...bank, providers: { cash: [{ tool: "borrow" }] } }),
      /"borrow", which is to provide cash, is no tool/
    )
  })

  it.effect("is tuned like any other", () =>
    Effect.gen(function*() {
      const stage = Curriculum.stage("one", {
        tasks: () => true,
        services: Layer.merge(Augmentor.layer(actionable), Reward.layer(Reward.progress)),
        advance: Advance.after(1),
        settings: { tasksPerStep: 1, groupSize: 4, refillRounds: 0 }
      })
      const [report] = yield* Stream.runCollect(
        tune(Curriculum.make({ name: "bank", environment: EnvironmentTools.layer(bank), stages: [stage] }), { seed: 1 })
      )
      assert.deepStrictEqual(report?.hints, { "dependency.open_account": 4 })
      assert.strictEqual(report?.turns.n, 8)
    }).pipe(Effect.provide([
      TrainerMemory.layer,
      RunStoreMemory.layer,
      Tasks.layer([task], { source: "test" }),
      PolicyScripted.layer((conversation) =>
        conversation.length === 2 ? Protocol.call("pay", { amount: 5, way: "in" }) : Protocol.answer("I gave up.")
      )
    ])))
})

describe("a failed call", () => {
  it.effect("is explained by the Schema and by what tools declare", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [rule: string, says: string, ...messages: ReadonlyArray<string>]> = [
        ["schema.unknown_tool", "pay(amount, way)", Protocol.call("pays", { amount: 5 })],
        ["schema.unexpected_argument", "where", Protocol.call("pay", { amount: 5, where: "in" })],
        ["schema.missing_argument", "way (string: 'in' or 'out')", Protocol.call("pay", { amount: 5 })],
        ["schema.invalid_value", "'in' or 'out'", Protocol.call("pay", { amount: 5, way: "up" })],
        ["schema.invalid_value", "from 1 to 99", Protocol.call("pay", { amount: 100, way: "in" })],
        ["schema.invalid_value", "an integer", Protocol.call("print", { page: "one" })],
        ["dependency.open_account", "open_account()", Protocol.call("pay", { amount: 5, way: "in" })],
        ["schema.insufficient", "at most 5", ...right.slice(0, 2), Protocol.call("pay", { amount: 7, way: "out" })]
      ]
      for (const [rule, says, ...messages] of cases) {
        const outcome = (yield* play(messages)).at(-1)?.outcomes[0]
        assert.strictEqual(outcome?.hint, rule)
        assert.include(outcome?.shown, says)
        assert.notInclude(outcome?.standard, says === "where" ? "pay(" : says)
      }
    }).pipe(Effect.provide(environment(bank, actionable))))

  it.effect.prop(
    "has the same codes, verdicts and standard results, whatever is said about it",
    [Script],
    ([script]) =>
      Effect.gen(function*() {
        const plain = yield* Effect.provide(play(script), environment(bank))
        const hinted = yield* Effect.provide(play(script), environment(bank, actionable))
        assert.deepStrictEqual(facts(hinted), facts(plain))
        for (const { ok, shown, standard } of hinted.flatMap(({ outcomes }) => outcomes)) {
          if (ok) assert.strictEqual(shown, standard)
        }
      })
  )

  it.prop(
    "does not change the state",
    [
      Schema.Literals([openAccount, pay].map(({ name }) => name)),
      Schema.Struct({
        amount: Schema.optionalKey(
          Schema.Union([Schema.Int.check(Schema.isBetween({ minimum: -2, maximum: 9 })), Schema.String])
        ),
        way: Schema.optionalKey(Schema.Literals(["in", "out", "up"])),
        more: Schema.optionalKey(Schema.Json)
      }),
      Schema.Boolean
    ],
    ([name, given, open]) => {
      const state: Account = { open, entries: [3], asks: [] }
      const before = structuredClone(state)
      const called = [openAccount, pay].find((tool) => tool.name === name)?.call(state, given)
      assert.isDefined(called)
      assert.strictEqual(JSON.stringify(state) === JSON.stringify(before), called?.ok === false)
    }
  )

  it("changes the state when its tool does, and only if the tool was reached", () => {
    const state: Account = { open: true, entries: [3], asks: [] }
    assert.deepInclude(print.call(state, { page: "two" }), { ok: false, executed: false })
    assert.deepStrictEqual(state.entries, [3])
    assert.deepInclude(print.call(state, { page: 2 }), { ok: false, executed: true })
    assert.deepStrictEqual(state.entries, [3, -1])
  })

  it("is of a kind that its tool declares", () => {
    const about = {
      description: "",
      parameters: Schema.Struct({}),
      run: () => Tools.fail("not_found", { message: "It is not here." })
    }
    assert.deepStrictEqual(Tools.tool("t", { ...about, failures: ["not_found"] }).failures, ["not_found"])
    // @ts-expect-error the tool says that it cannot fail this way
    Tools.tool("t", { ...about, failures: ["already_done"] })
  })
})
