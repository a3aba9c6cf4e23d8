/** Where the benchmark's files are kept when nobody says otherwise: a folder of the user's cache, one for each release. */
import { Config, Effect, Option } from "effect"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { bfcl } from "../domain/bfcl/Release.ts"

/** `$XDG_CACHE_HOME/envtune/<release>`, in `~/.cache` where that is not set. It need not exist. */
export const folder: Effect.Effect<string> = Config.option(Config.String("XDG_CACHE_HOME")).pipe(
  Effect.map(Option.filter(isAbsolute)),
  Effect.orElseSucceed(Option.none),
  Effect.map((named) => join(Option.getOrElse(named, () => join(homedir(), ".cache")), "envtune", bfcl.id))
)
