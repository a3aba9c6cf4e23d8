import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Deferred, Effect, Exit, Fiber, Layer, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import * as ResultFile from "../../src/domain/bfcl/ResultFile.ts"
import type { Message, ToolDocument } from "../../src/domain/Message.ts"
import * as Request from "../../src/domain/openai/Request.ts"
import * as Spending from "../../src/domain/openai/Spending.ts"
import { type EpisodeContext, Policy } from "../../src/domain/Policy.ts"
import * as Seed from "../../src/domain/Seed.ts"
import * as Task from "../../src/domain/Task.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyOpenai from "../../src/layers/PolicyOpenai.ts"
import { defaults, evaluate } from "../../src/programs/evaluate.ts"
import { rollout } from "../../src/programs/rollout.ts"
import * as ChatServer from "./ChatServer.ts"

const tool = (name: string): ToolDocument => ({ name, description: "", parameters: [] })

const context = (more: Partial<EpisodeContext> = {}): EpisodeContext => ({
  task: Task.make("t", {}),
  tools: [],
  seed: 7,
  family: "t",
  sampling: { temperature: 0.5, maxTokens: 100 },
  ...more
})

const user = (content: string): Message => ({ role: "user", content })

const options = (baseUrl: string, more: Partial<PolicyOpenai.Options> = {}): PolicyOpenai.Options => ({
  ...PolicyOpenai.defaults,
  baseUrl,
  model: "m",
  tools: true,
  temperature: 0.5,
  concurrency: 8,
  retryMilliseconds: 1,
  ...more
})

/** What a policy over a server says to one message after the other. */
const say = (
  given: PolicyOpenai.Options,
  messages: ReadonlyArray<ReadonlyArray<Message>>,
  more: Partial<EpisodeContext> = {}
) =>
  Effect.gen(function*() {
    const actor = yield* (yield* Policy).open(context(more))
    const said = yield* Effect.forEach(messages, actor.act)
    return { said, spending: yield* (yield* PolicyOpenai.Meter).spending }
  }).pipe(Effect.scoped, Effect.provide(PolicyOpenai.layer(given)))

/** Answers with these in order, then with "done". */
const inTurn = (answers: ReadonlyArray<ChatServer.Answer>) =>
  ChatServer.make((_, nth) => answers[nth] ?? ChatServer.saying("done"))

const call = (id: string, name: string, given: string) => ({
  id,
  type: "function",
  function: { name, arguments: given }
})

const named = (body: { readonly tools: ReadonlyArray<{ readonly function: { readonly name: string } }> }) =>
  body.tools.map((one) => one.function.name)

const completion = JSON.stringify({ choices: [{ message: { content: "x".repeat(200) } }] })

const toy = Layer.provide(EnvironmentToy.layer, Augmentor.layerNone)

const misbehaviours: ReadonlyArray<readonly [string, ChatServer.Answer]> = [
  ["429", ChatServer.refusing(429, "slow down")],
  ["500", ChatServer.refusing(500, "out of memory")],
  ["503 that is a web page", { status: 503, headers: { "content-type": "text/html" }, body: "<html>" }],
  ["a dropped socket", "dropped"],
  ["half a body", { half: completion }],
  ["a body that is no JSON", { body: "{\"choices\": [" }],
  ["another content type", { headers: { "content-type": "text/html" }, body: "<html>hello</html>" }],
  ["JSON that is no chat completion", { body: "{\"choices\": []}" }]
]

describe("a model behind a chat-completions server", () => {
  it.live("calls several functions at once, is told their results, and its tools change", () =>
    Effect.gen(function*() {
      const server = yield* inTurn([
        ChatServer.saying({
          content: null,
          reasoning_content: "Both.",
          tool_calls: [call("a", "files_ls", "{\"x\": 1.0}"), call("b", "cd", "not json")]
        })
      ])
      const results: ReadonlyArray<Message> = [
        { role: "tool", content: "r1", toolCallId: "a" },
        { role: "tool", content: "r2", toolCallId: "b" },
        { ...user("more"), tools: [tool("cd"), tool("mv")] }
      ]
      const { said, spending } = yield* say(options(server.url), [[user("go")], results], {
        tools: [tool("files.ls"), tool("cd")]
      })
      assert.deepStrictEqual(said[0]?.message, {
        role: "assistant",
        content: "",
        reasoning: "Both.",
        toolCalls: [
          { id: "a", name: "files.ls", arguments: "{\"x\": 1.0}" },
          { id: "b", name: "cd", arguments: "not json" }
        ]
      })
      assert.deepStrictEqual(said[1]?.message, { role: "assistant", content: "done" })
      const [first, second] = server.asked.map(({ text }) => JSON.parse(text))
      assert.deepStrictEqual(named(first), ["files_ls", "cd"])
      assert.deepStrictEqual(named(second), ["cd", "mv"])
      assert.deepStrictEqual(second.messages.slice(1, 3), [
        {
          role: "assistant",
          content: null,
          tool_calls: [call("a", "files_ls", "{\"x\": 1.0}"), call("b", "cd", "not json")]
        },
        { role: "tool", content: "r1", tool_call_id: "a" }
      ])
      assert.strictEqual(first.seed, Seed.derive(7, 0))
      assert.strictEqual(second.seed, Seed.derive(7, 1))
      assert.deepInclude(first, { model: "m", temperature: 0.5, max_tokens: 100, stream: false })
      assert.deepStrictEqual(spending, {
        ...Spending.none,
        requests: 3,
        tokens: { prompt: 30, cached: 0, completion: 6 }
      })
    }))

  it.live("leaves a record from which every request follows, byte for byte", () =>
    Effect.gen(function*() {
      const server = yield* inTurn([
        ChatServer.saying({
          content: "Wait.",
          reasoning: "hm",
          tool_calls: [call("x", "ls", "{ }"), { function: { name: "l.s", arguments: { a: 1 } } }]
        }),
        ChatServer.saying("a\u2028\"b\"")
      ])
      const task = Task.make("t", { tools: ["ls"], turns: [{ ask: "say a", expect: "a" }, { ask: "b", expect: "b" }] })
      const sampling = { temperature: 0.5, maxTokens: 100 }
      const episode = yield* rollout(task, { seed: 7, sampling }).pipe(
        Effect.provide([toy, PolicyOpenai.layer(options(server.url))])
      )
      const line = ResultFile.encodeLine({ _tag: "Finished", task, sample: 0, episode }, "fc")
      const { completions } = Result.getOrThrow(ResultFile.decodeCompletions(line))
      const conversation = new Request.Conversation([{ ...tool("ls"), description: "the tool ls" }], {
        model: "m",
        limitName: "max_tokens",
        tools: true
      })
      const bodies = episode.steps.map(({ observed }, i) => {
        conversation.add(observed)
        const body = conversation.body(sampling, Seed.derive(Seed.derive(7, "policy"), i))
        conversation.add(completions.slice(i, i + 1).map(({ message }) => message))
        return body
      })
      assert.deepStrictEqual(server.asked.map(({ text }) => text), bodies)
      assert.strictEqual(bodies.length, 2)
    }))

  it.live("sends no tools to a model that is prompted", () =>
    Effect.gen(function*() {
      const server = yield* inTurn([])
      yield* say(options(server.url, { tools: false }), [[user("go")]], { tools: [tool("cd")] })
      assert.notProperty(JSON.parse(server.asked[0]?.text ?? ""), "tools")
    }))

  for (const [name, answer] of misbehaviours) {
    it.live(`asks again after ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* inTurn([answer, answer])
        const { said, spending } = yield* say(options(server.url), [[user("go")]])
        assert.strictEqual(said[0]?.message.content, "done")
        assert.deepInclude(spending, { requests: 4, retries: 2 })
        assert.strictEqual(new Set(server.asked.map(({ text }) => text)).size, 1)
      }))
  }

  it.effect("waits as long as it is asked to, by seconds or by date", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const arrivals: Array<number> = []
      const server = yield* ChatServer.make((_, nth) => {
        const now = clock.currentTimeMillisUnsafe()
        arrivals.push(now)
        if (nth === 0) return ChatServer.refusing(429, "later", { "retry-after": "20" })
        const date = new Date(now + 40_000).toUTCString()
        return nth === 1 ? ChatServer.refusing(503, "later", { "retry-after": date }) : ChatServer.saying("done")
      })
      const given = options(server.url, { timeoutSeconds: 1e6 })
      const fiber = yield* Effect.forkChild(say(given, [[user("go")]]))
      yield* TestClock.adjust("1 second").pipe(
        Effect.andThen(Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))),
        Effect.repeat({ until: () => arrivals.length === 3 })
      )
      yield* Fiber.join(fiber)
      const [first = 0, second = 0, third = 0] = arrivals
      assert.isAtLeast(second - first, 20_000)
      assert.isAtLeast(third - second, 40_000)
    }))

  it.effect("gives up a request that is not answered in time, and asks again", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const server = yield* ChatServer.make((_, nth) => {
        if (nth > 0) return ChatServer.saying("done")
        Deferred.doneUnsafe(arrived, Effect.void)
        return "silence"
      })
      const given = options(server.url, { timeoutSeconds: 30, retryMilliseconds: 0 })
      const fiber = yield* Effect.forkChild(say(given, [[user("go")]]))
      yield* Deferred.await(arrived)
      yield* TestClock.adjust("30 seconds")
      const { said, spending } = yield* Fiber.join(fiber)
      assert.strictEqual(said[0]?.message.content, "done")
      assert.strictEqual(spending.retries, 1)
    }))

  it.live("gives up after its retries, and says what the last answer was", () =>
    Effect.gen(function*() {
      const server = yield* ChatServer.make(() => ChatServer.refusing(502, "bad gateway"))
      const error = yield* Effect.flip(say(options(server.url, { retries: 2 }), [[user("go")]]))
      assert.strictEqual(error.message, `the policy did not answer: ${server.url}: HTTP 502: bad gateway`)
      assert.isTrue(error.isRetryable)
      assert.strictEqual(server.asked.length, 3)
    }))

  it.live("does not ask again for what was refused", () =>
    Effect.gen(function*() {
      const server = yield* inTurn([ChatServer.refusing(400, "no such parameter: seed")])
      const error = yield* Effect.flip(say(options(server.url), [[user("go")]]))
      assert.include(error.message, "HTTP 400: no such parameter: seed")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(server.asked.length, 1)
    }))

  it.live("stops where no room is left, after what room there was is used", () =>
    Effect.gen(function*() {
      const full = "This model's maximum context length is 100 tokens. However, you requested 160 tokens " +
        "(60 in the messages, 100 in the completion)."
      const server = yield* inTurn([
        ChatServer.refusing(400, full),
        ChatServer.saying("short", { choices: [{ message: { content: "short" }, finish_reason: "length" }] }),
        ChatServer.refusing(400, "the request exceeds the available context size")
      ])
      const { said } = yield* say(options(server.url), [[user("a")], [user("b")]])
      assert.deepStrictEqual(said.map(({ stop }) => stop), ["length", "context"])
      assert.strictEqual(server.asked[1]?.body.max_tokens, 40)
    }))

  it.live("takes the name that a server has for the bound on tokens", () =>
    Effect.gen(function*() {
      const server = yield* ChatServer.make(
        () => ChatServer.saying("done"),
        ({ body }) =>
          body.max_tokens === undefined
            ? ChatServer.saying("Hi")
            : ChatServer.refusing(400, "'max_tokens' is not supported: use 'max_completion_tokens' instead")
      )
      yield* say(options(server.url), [[user("go")]])
      assert.strictEqual(JSON.parse(server.asked[0]?.text ?? "").max_completion_tokens, 100)
    }))

  it.live("is not made where the server, the key or the model is wrong, which it says without the key", () =>
    Effect.gen(function*() {
      const trying = (status: number, message: string, apiKey?: string) =>
        Effect.gen(function*() {
          const server = yield* ChatServer.make(() => "silence", () => ChatServer.refusing(status, message))
          const key = apiKey === undefined ? {} : { apiKey: Redacted.make(apiKey) }
          const exit = yield* Effect.exit(say(options(server.url, key), [[user("go")]]))
          assert.strictEqual(server.asked.length, 0)
          assert.isTrue(Exit.isFailure(exit))
          const pretty = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
          assert.notInclude(pretty, "sesame")
          return pretty
        })
      assert.include(yield* trying(401, "bad key", "sesame"), "it refuses the key (HTTP 401: bad key)")
      assert.include(yield* trying(401, "no key"), "it wants a key, and none was given")
      assert.include(yield* trying(404, "no m"), "it has no /chat/completions here, or no model \"m\" (HTTP 404: no m)")
      const nobody = yield* Effect.flip(say(options("http://127.0.0.1:1/v1"), [[user("go")]]))
      assert.strictEqual(nobody.message, "http://127.0.0.1:1/v1: the connection is refused")
    }))

  it.live("sends its key, and no more requests at once than it may", () =>
    Effect.gen(function*() {
      let open = 0
      let most = 0
      const server = yield* ChatServer.make(async () => {
        most = Math.max(most, ++open)
        await new Promise((resolve) => setImmediate(resolve))
        open--
        return ChatServer.saying("done")
      })
      yield* Effect.gen(function*() {
        const policy = yield* Policy
        yield* Effect.forEach(
          Array.from({ length: 40 }, (_, i) => i),
          (seed) => Effect.flatMap(policy.open(context({ seed })), ({ act }) => act([user("go")])),
          { concurrency: "unbounded" }
        )
      }).pipe(
        Effect.scoped,
        Effect.provide(PolicyOpenai.layer(options(server.url, { concurrency: 3, apiKey: Redacted.make("sesame") })))
      )
      assert.isAtMost(most, 3)
      assert.isTrue(server.asked.every(({ key }) => key === "Bearer sesame"))
    }))

  it.live("plays a thousand episodes at once on a server that fails: none is lost, none is counted twice", () =>
    Effect.gen(function*() {
      const count = 1000
      let waiting = 0
      const { promise: opened, resolve: allAreHere } = Promise.withResolvers<void>()
      const failuresOf = new Map<number, number>()
      const server = yield* ChatServer.make(async ({ body }) => {
        // Nobody is answered before everybody has asked.
        if (++waiting === count) allAreHere()
        await opened
        const before = failuresOf.get(body.seed) ?? 0
        failuresOf.set(body.seed, before + 1)
        const [, answer] = misbehaviours[body.seed % (4 * misbehaviours.length)] ?? []
        if (answer !== undefined && before < 2) return answer
        return ChatServer.saying(body.messages.at(-1)?.content?.slice(-1) ?? "")
      })
      const all = Array.from(
        { length: count },
        (_, i) =>
          Task.make(`t${i}`, { tools: [], turns: [{ ask: "say a", expect: "a" }, { ask: "say b", expect: "b" }] }, {
            part: "test"
          })
      )
      const world = Layer.mergeAll(
        toy,
        Tasks.layer(all, { source: "test" }),
        PolicyOpenai.layer(options(server.url, { concurrency: count }))
      )
      let seen = 0
      const { spending, tasks } = yield* Effect.gen(function*() {
        const { tasks } = yield* evaluate(
          { ...defaults, concurrency: count, retries: 0 },
          () => Effect.sync(() => seen++)
        )
        return { tasks, spending: yield* (yield* PolicyOpenai.Meter).spending }
      }).pipe(Effect.provide(world))
      assert.strictEqual(seen, count)
      assert.strictEqual(Object.keys(tasks).length, count)
      assert.isTrue(Object.values(tasks).every(({ n, passed }) => n === 1 && passed === 1))
      assert.isAbove(spending.retries, 100)
      assert.strictEqual(spending.requests, server.asked.length + 1)
      assert.strictEqual(spending.requests - spending.retries, 2 * count + 1)
      assert.deepStrictEqual(spending.tokens, {
        prompt: 10 * (2 * count + 1),
        cached: 0,
        completion: 2 * (2 * count + 1)
      })
    }))
})
