/** Flags that several commands share. */
import { Option, Schema } from "effect"
import * as Flag from "effect/cli/Flag"

const Positive = Schema.Int.check(Schema.isGreaterThan(0))

/** A path. An empty one would be the folder that one is in, which nobody asks for by it. */
export const path = (name: string) =>
  Flag.String(name).pipe(Flag.filter((given) => given !== "", () => "a path that is not empty"))

export const data = path("data").pipe(
  Flag.withDescription("A folder that `envtune data pull` filled with BFCL's data; the built-in drills when absent"),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

/** For commands that work with nothing else. */
export const benchmark = path("data").pipe(
  Flag.withDescription("A folder that `envtune data pull` filled with BFCL's data; the one in your cache when absent"),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

export const split = Flag.String("split").pipe(
  Flag.withDescription(
    "Of the tasks in --data: by-scenario, or a JSON file { train, test } of scenario numbers (by category, too) or ids"
  ),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

export const weights = path("weights").pipe(
  Flag.withDescription("Saved weights to start from; the built-in base model when absent"),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

export const workers = Flag.Int("workers").pipe(
  Flag.withSchema(Positive),
  Flag.withDescription("Worker threads of the embedded engine; as many as cores, at most 4, when absent"),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

export const seed = Flag.Int("seed").pipe(
  Flag.withSchema(Schema.Natural),
  Flag.withDefault(0),
  Flag.withDescription("Every random choice follows from it")
)

/** How result files are read. */
export const mode = Flag.Literals("mode", ["fc", "prompting", "qwen"]).pipe(
  Flag.withDescription(
    "How steps of results are read: tool calls, Python text, or Qwen's <tool_call> tags; told from the loop that is on " +
      "record, the model's name and the steps when absent"
  ),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

/** Training time at most; each command says of what. */
export const minutes = Flag.Finite("minutes").pipe(
  Flag.withSchema(Schema.Finite.check(Schema.isGreaterThan(0)))
)

export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print JSON lines on stdout and nothing else")
)

export const positive = (name: string) => Flag.Int(name).pipe(Flag.withSchema(Positive))

/** A list as one argument: `a,b`. */
export const list = (name: string) =>
  Flag.String(name).pipe(
    Flag.map((text) => text.split(",").map((part) => part.trim()).filter((part) => part !== "")),
    Flag.optional,
    Flag.map(Option.getOrElse((): ReadonlyArray<string> => []))
  )
