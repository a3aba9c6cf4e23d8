/** A help desk of your own: tools by Schema, hints from what they declare.  npx tsx examples/environment.ts */
import { runMain } from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Schema } from "effect"
import { Actionable, Augmentor, EnvironmentTools, PolicyScripted, Protocol } from "../src/index.ts"
import { Reward, rollout, Task, Tools, Transcript } from "../src/index.ts"

type Desk = { readonly orders: ReadonlyMap<string, string>; readonly refunded: Array<string> }

const order = Schema.String.annotate({ description: "the number of an order" })
const unknown = Tools.fail("not_found", { message: "No such order.", subject: { argument: "order" }, needs: "order" })

const environment = EnvironmentTools.layer({
  payload: Schema.Struct({
    orders: Schema.Record(Schema.String, Schema.String),
    turns: Schema.Array(Schema.Struct({ ask: Schema.String, refunded: Schema.Array(Schema.String) }))
  }),
  open: ({ orders }): Desk => ({ orders: new Map(Object.entries(orders)), refunded: [] }),
  turns: ({ turns }) => turns,
  check: ({ refunded }, expected) => refunded.join() === expected.refunded.join(),
  providers: { order: [{ tool: "list_orders" }] },
  tools: [
    Tools.tool("list_orders", {
      description: "List the customer's orders.",
      parameters: Schema.Struct({}),
      run: ({ orders }: Desk) => Object.fromEntries(orders)
    }),
    Tools.tool("show_order", {
      description: "Show what was ordered.",
      parameters: Schema.Struct({ order }),
      run: ({ orders }: Desk, { order }) => orders.get(order) ?? unknown
    }),
    Tools.tool("refund", {
      description: "Give back the money for an order.",
      parameters: Schema.Struct({ order, reason: Schema.Literals(["damaged", "late"]) }),
      run: ({ orders, refunded }: Desk, { order }) => orders.has(order) ? { refunds: refunded.push(order) } : unknown
    })
  ]
})

const task = Task.make("broken-mug", {
  orders: { A7: "mug", B2: "lamp" },
  turns: [{ ask: "My mug came broken. I want my money back.", refunded: ["A7"] }]
})

const agent = PolicyScripted.layerSaying([
  Protocol.call("refund", { order: "mug", reason: "broken" }),
  Protocol.call("refund", { order: "mug", reason: "damaged" }),
  Protocol.call("list_orders"),
  Protocol.call("refund", { order: "A7", reason: "damaged" }),
  Protocol.answer("You have your money back.")
])

export const main = Effect.gen(function*() {
  const episode = yield* rollout(task, { seed: 1 })
  yield* Console.log([...Transcript.lines(episode), JSON.stringify(Reward.progress(episode))].join("\n"))
}).pipe(Effect.provide([agent, Layer.provide(environment, Augmentor.layer(Actionable.actionable))]))

if (import.meta.main) runMain(main)
