/**
 * A user's program as files: the one that is named, those that it imports by relative paths, and what these import.
 *
 * Imports are found in the text by their form, `from "./x.ts"`, `import "./x.ts"`, `import("./x.ts")` or `require("./x")`.
 * One whose path is computed is not seen. Packages are left out, and so are envtune's own files: versions speak for them.
 */
import { Effect, FileSystem, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"
import * as Fingerprint from "./Fingerprint.ts"

export interface SourceFile {
  /** Absolute. */
  readonly path: string
  /** Of what it held, in hexadecimal. */
  readonly sha256: string
}

export interface Program extends SourceFile {
  /** Each once, by path. */
  readonly imports: ReadonlyArray<SourceFile>
}

const importing = /\b(?:from|import|require)\b\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]*)\1/g

/** What a relative import may mean to a loader of TypeScript: names without an ending, and those that a compiler would give. */
const meanings = (path: string): ReadonlyArray<string> => [
  path,
  path.replace(/\.([cm]?)js$/, ".$1ts"),
  ...["ts", "js", "json"].flatMap((ending) => [`${path}.${ending}`, `${path}/index.${ending}`])
]

/** Reads a program; fails when the file that is named cannot be read. */
export const read: (
  file: string
) => Effect.Effect<Program, PlatformError, FileSystem.FileSystem | Path.Path> = Effect.fn("SourceFiles.read")(
  function*(file) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const own = yield* Effect.orDie(path.fromFileUrl(new URL("../", import.meta.url)))
    const isPart = (at: string) =>
      at.startsWith(own)
        ? Effect.succeed(false)
        : Effect.orElseSucceed(Effect.map(fs.stat(at), ({ type }) => type === "File"), () => false)
    const named = path.resolve(file)
    const text = yield* fs.readFileString(named)
    const imports = new Map<string, SourceFile>()
    const scan = Effect.fnUntraced(function*(at: string, text: string) {
      const folder = path.dirname(at)
      const imported = Array.from(text.matchAll(importing), ([, , specifier = ""]) => path.resolve(folder, specifier))
      return yield* Effect.filter(new Set(imported.flatMap(meanings)), isPart)
    })
    const waiting = [...(yield* scan(named, text))]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at === named || imports.has(at)) continue
      const text = yield* fs.readFileString(at)
      imports.set(at, { path: at, sha256: Fingerprint.ofText(text) })
      waiting.push(...(yield* scan(at, text)))
    }
    return {
      path: named,
      sha256: Fingerprint.ofText(text),
      imports: Array.from(imports.values()).toSorted((a, b) => a.path < b.path ? -1 : 1)
    }
  }
)
