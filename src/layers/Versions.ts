/** What this process runs, for the record of a run. */
import effectPackage from "effect/package.json" with { type: "json" }
import { versions } from "node:process"
import ownPackage from "../../package.json" with { type: "json" }

export const envtune: string = ownPackage.version

export const all: Readonly<Record<string, string>> = {
  envtune,
  effect: effectPackage.version,
  node: versions.node
}
