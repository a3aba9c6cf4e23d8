/**
 * `npm run live:scores -- --results DIR`: the original scorer of the Python package `bfcl-eval` and ours on the same
 * result files. Every line of their score files and of their tables is compared; where one differs, it says in what.
 * That may be for what leaks from entry to entry in the original: here each is scored alone.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Path, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Agreement from "../../src/domain/bfcl/conformance/Agreement.ts"
import * as Leaderboard from "../../src/domain/bfcl/Leaderboard.ts"
import { dumps, loads } from "../../src/domain/python/Json.ts"
import { Dict, type Value } from "../../src/domain/python/Value.ts"
import * as BfclCache from "../../src/layers/BfclCache.ts"
import * as ScoreFolder from "../../src/layers/ScoreFolder.ts"
import * as TextFile from "../../src/layers/TextFile.ts"
import { benchmark } from "../../src/programs/commands/flags.ts"
import { score } from "../../src/programs/score.ts"
import * as Process from "./Process.ts"

/** The package wants some hundred others, none of which a multi-turn score needs. */
const packages = ["--no-deps", "bfcl-eval==2026.3.23", "mpmath==1.3.0"]

const lines = (path: string) =>
  Effect.map(Stream.runCollect(TextFile.lines(path)), (all) => all.map(({ text }) => text))

/** The parts of a value by their path, as JSON: keys of dictionaries only. */
const parts = (value: Value, path = ""): ReadonlyArray<readonly [path: string, json: string]> =>
  value instanceof Dict
    ? [
      [`${path} (keys)`, [...value.keys()].join(", ")],
      ...Array.from(value.entries(), ([key, item]) => parts(item, `${path}.${String(key)}`)).flat()
    ]
    : [[path, dumps(value)]]

const compareLines = (name: string, official: string, own: string): Agreement.Comparison => {
  const comparer = new Agreement.Comparer(name)
  if (official === own) return comparer.comparison
  const found = new Map(parts(loads(own)))
  for (const [path, json] of parts(loads(official))) comparer.equal(path, "", json, found.get(path))
  comparer.equal("line", "", official, own)
  return comparer.comparison
}

/** Two files line by line: the header first, then entries in the order of the data. */
const compareFiles = (name: string, official: ReadonlyArray<string>, own: ReadonlyArray<string>): Agreement.Part => {
  let part = Agreement.empty(name)
  for (let i = 0; i < Math.max(official.length, own.length); i++) {
    part = Agreement.count(part, compareLines(`line ${i + 1}`, official[i] ?? "{}", own[i] ?? "{}"))
  }
  return part
}

/** Rows without their rank: the original leaves the order of equals to the file system. */
const rows = (table: string): ReadonlyArray<string> =>
  table.split("\n").map((row) => row.slice(row.indexOf(",") + 1)).toSorted()

const compareTables = (official: string, own: string): Agreement.Part => {
  const comparer = new Agreement.Comparer(Leaderboard.fileName)
  comparer.equal("rows", "", rows(official), rows(own))
  return Agreement.count(Agreement.empty(Leaderboard.fileName), comparer.comparison)
}

Command.make(
  "live:scores",
  {
    python: Process.python,
    data: benchmark,
    results: Flag.String("results").pipe(
      Flag.withDescription("A folder of result files, of models that the original knows by the names of their folders")
    )
  },
  Effect.fnUntraced(function*({ data, python, results }) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "envtune-" })
    const [official, own] = [path.join(folder, "official"), path.join(folder, "own")]
    yield* fs.makeDirectory(official)
    const interpreter = yield* Process.environment({ name: "bfcl", packages, python })
    yield* Process.run(
      interpreter,
      [Process.script("official_scorer.py"), results, official],
      // One result has the order of a set of texts in it.
      { env: { PYTHONHASHSEED: "0" } }
    )
    yield* score({ data: data ?? (yield* BfclCache.folder), results, out: own })
    const compared: Array<Agreement.Part> = []
    for (const { files, model } of yield* ScoreFolder.list(official)) {
      for (const file of files) {
        const ours = path.join(own, path.relative(official, file.path))
        compared.push(compareFiles(`${model}, ${file.category}`, yield* lines(file.path), yield* lines(ours)))
      }
    }
    const table = (of: string) => fs.readFileString(path.join(of, Leaderboard.fileName))
    compared.push(compareTables(yield* table(official), yield* table(own)))
    yield* Effect.forEach(Agreement.table(compared), (line) => Console.log(line), { discard: true })
    if (!Agreement.agrees(compared)) {
      return yield* new Process.LiveError({ detail: "the score files differ; see above" })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("The original scorer and ours on the same result files, line by line"),
  Command.run({ version: "0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
