/** What the command line says of a model behind a server, and what is said of it afterwards. */
import { Config, Effect, Option, Redacted, Schema } from "effect"
import * as Flag from "effect/cli/Flag"
import type * as Spending from "../../domain/openai/Spending.ts"
import { cost, type Prices } from "../../domain/openai/Spending.ts"
import type { Options } from "../../layers/PolicyOpenai.ts"
import * as PricesFile from "../../layers/PricesFile.ts"
import { Unavailable } from "../refusal.ts"
import * as Text from "../text.ts"
import * as Flags from "./flags.ts"

/** What is looked up where no variable is named; a server of one's own wants no key. */
const usualKey = "OPENAI_API_KEY"

export const flags = {
  baseUrl: Flag.String("base-url").pipe(
    Flag.withDescription("Of a server, for --policy openai: http://localhost:8000/v1"),
    Flag.optional
  ),
  apiKeyEnv: Flag.String("api-key-env").pipe(
    Flag.withSchema(Schema.NonEmptyString),
    Flag.withDescription(
      `The environment variable that holds the server's key; ${usualKey}, if it is set, when absent`
    ),
    Flag.optional
  ),
  prices: Flags.path("prices").pipe(
    Flag.withDescription(
      "JSON { model: { prompt, cached, completion } }, USD per million tokens, to say what --policy openai cost"
    ),
    Flag.optional
  )
}

export interface Given {
  readonly baseUrl: Option.Option<string>
  readonly apiKeyEnv: Option.Option<string>
  readonly prices: Option.Option<string>
  readonly model: Option.Option<string>
}

/** Fails where a server is described that is not asked. */
export const refuse = ({ apiKeyEnv, baseUrl, prices }: Given): Effect.Effect<void, Unavailable> =>
  [apiKeyEnv, baseUrl, prices].some(Option.isSome)
    ? Effect.fail(new Unavailable({ detail: "--base-url, --api-key-env and --prices go with --policy openai" }))
    : Effect.void

const keyOf = Effect.fnUntraced(function*(variable: Option.Option<string>) {
  const name = Option.getOrElse(variable, () => usualKey)
  const key = yield* Config.option(Config.Redacted(name)).pipe(Effect.orElseSucceed(Option.none))
  const filled = Option.filter(key, (one) => Redacted.value(one) !== "")
  if (Option.isNone(filled) && Option.isSome(variable)) {
    return yield* new Unavailable({ detail: `--api-key-env ${name}: the environment has no such variable` })
  }
  return Option.getOrUndefined(filled)
})

/** The server and the model, which have to be named. */
export const server = Effect.fnUntraced(function*({ apiKeyEnv, baseUrl, model }: Given) {
  if (Option.isNone(baseUrl) || Option.isNone(model)) {
    return yield* new Unavailable({ detail: "--policy openai needs --base-url URL and --model NAME" })
  }
  if (!/^https?:$/.test(URL.parse(baseUrl.value)?.protocol ?? "")) {
    return yield* new Unavailable({ detail: `--base-url ${baseUrl.value} is no http or https URL` })
  }
  const named: Pick<Options, "baseUrl" | "model" | "apiKey"> = {
    baseUrl: baseUrl.value,
    model: model.value,
    apiKey: yield* keyOf(apiKeyEnv)
  }
  return named
})

/** The prices of the model, where a file of them is given. */
export const pricesOf = Effect.fnUntraced(function*(
  { model, prices }: Given
) {
  if (Option.isNone(prices)) return Option.none<Prices>()
  return Option.some(yield* PricesFile.read(prices.value, Option.getOrElse(model, () => "")))
})

/** `1,201 requests, 3 of them repeated; 812,345 tokens in (300,000 cached), 9,876 out; 1.2345 USD`. */
export const told = (spending: Spending.Spending, prices: Option.Option<Prices> = Option.none()): string => {
  const { requests, retries, tokens, uncounted } = spending
  const { cached, completion, prompt } = tokens
  return [
    `${Text.grouped(requests)} requests, ${Text.grouped(retries)} of them repeated`,
    `${Text.grouped(prompt)} tokens in (${Text.grouped(cached)} cached), ${Text.grouped(completion)} out`,
    ...uncounted === 0 ? [] : [`${Text.grouped(uncounted)} answers did not say how many tokens they took`],
    ...Option.match(prices, { onNone: () => [], onSome: (each) => [`${cost(spending, each).toFixed(4)} USD`] })
  ].join("; ")
}
