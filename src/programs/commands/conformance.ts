/** `envtune conformance`: whether simulators, checkers, renderers and the Tinker client do what the original ones did. */
import { Console, Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts } from "../parts.ts"
import { Unavailable } from "../refusal.ts"
import * as Flags from "./flags.ts"

export const conformance = Command.make(
  "conformance",
  {
    oracle: Flags.path("oracle").pipe(
      Flag.withDescription("A folder with recordings of the original environment"),
      Flag.optional
    ),
    data: Flags.benchmark,
    renderers: Flags.path("renderers").pipe(
      Flag.withDescription("A file with recordings of chat templates and tokenizers; needs --models"),
      Flag.optional
    ),
    models: Flags.path("models").pipe(
      Flag.withDescription("DIR/<family>/ has the tokenizer.json and tokenizer_config.json of each family recorded"),
      Flag.optional
    ),
    tinker: Flags.path("tinker").pipe(
      Flag.withDescription("A folder with recorded exchanges with Tinker servers"),
      Flag.optional
    )
  },
  Effect.fn(function*({ data, models, oracle, renderers, tinker }) {
    const parts = yield* Parts
    if (Option.isSome(renderers) !== Option.isSome(models)) {
      return yield* new Unavailable({ detail: "--renderers FILE and --models DIR go together" })
    }
    const compared = [
      ...Option.isSome(oracle)
        ? [yield* parts.conformance({ data: data ?? (yield* parts.cache), oracle: oracle.value })]
        : [],
      ...Option.isSome(renderers) && Option.isSome(models)
        ? [yield* parts.conformanceOfRenderers({ renderers: renderers.value, models: models.value })]
        : [],
      ...Option.isSome(tinker) ? [yield* parts.conformanceOfTinker({ exchanges: tinker.value })] : []
    ]
    if (compared.length === 0) {
      return yield* new Unavailable({
        detail: "nothing to compare with: give --oracle DIR, --tinker DIR, or --renderers and --models"
      })
    }
    yield* Effect.forEach(compared.flatMap(({ lines }) => lines), (line) => Console.log(line), { discard: true })
    if (!compared.every(({ agrees }) => agrees)) {
      return yield* new Unavailable({ detail: "this implementation disagrees with the recordings; see above" })
    }
  })
).pipe(
  Command.withDescription(
    "Compare with recordings of the original environment, of real models' languages and of Tinker servers"
  ),
  Command.withExamples([
    {
      command: "envtune conformance --oracle DIR --data DIR",
      description: "Exit code 0 when all agree"
    },
    {
      command: "envtune conformance --renderers renderers.jsonl.gz --models DIR",
      description: "Chat templates and tokenizers, token by token"
    },
    {
      command: "envtune conformance --tinker DIR",
      description: "What the Tinker client sends, and makes of answers"
    }
  ])
)
