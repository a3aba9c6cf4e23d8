/** Kills a run at a disk operation, resumes it, and compares it with one that was left alone. */
import { Effect, Equal, FileSystem, Schema, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as process from "node:process"
import { gunzipSync } from "node:zlib"
import * as Seed from "../../../src/domain/Seed.ts"
import { files } from "../../../src/layers/RunFolder.ts"
import * as RunReader from "../../../src/layers/RunReader.ts"

const program = new URL("Child.ts", import.meta.url).pathname

/** What ends a process: at once, or as Ctrl-C does. */
export type Signal = "SIGKILL" | "SIGINT"

/** Runs envtune, ended at an operation unless that is 0; its exit code, none when it was killed, and what it said on stderr. */
export const envtune = Effect.fnUntraced(function*(killAt: number, signal: Signal, ...given: ReadonlyArray<string>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const child = yield* spawner.spawn(ChildProcess.make(process.execPath, [program, String(killAt), signal, ...given]))
  const [errors, , code] = yield* Effect.all([
    child.stderr.pipe(Stream.decodeText, Stream.mkString),
    Stream.runDrain(child.stdout),
    Effect.result(child.exitCode)
  ], { concurrency: "unbounded" })
  return { code: code._tag === "Success" ? Number(code.success) : undefined, errors }
}, Effect.scoped)

const begin = (folder: string, killAt: number, signal: Signal = "SIGKILL") =>
  envtune(killAt, signal, "tune", "--out", folder, "--seed", "7", "--workers", "1", "--save-every", "2")

const resume = (folder: string, killAt: number) => envtune(killAt, "SIGKILL", "resume", folder, "--workers", "1")

const withoutTimes = (text: string): unknown =>
  JSON.parse(text, (key, part: unknown) => key === "seconds" || key === "options" ? undefined : part)

const aspects = ["reports", "episodes", "evaluations", "rounds", "summary", "weights", "files"] as const

/** Everything of a run that an interruption may not change. */
const essence = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const text = (name: string) => fs.readFileString(`${folder}/${name}`)
  const { journal } = yield* RunReader.open(folder)
  const rounds = (journal?.entries ?? []).flatMap(({ entry }) => entry.events).filter(({ _tag }) =>
    _tag === "RoundJudged"
  )
  return {
    reports: (yield* text(files.metrics)).trimEnd().split("\n").map(withoutTimes),
    episodes: gunzipSync(yield* fs.readFile(`${folder}/${files.episodes}`)).toString(),
    evaluations: yield* text(files.evaluations),
    rounds,
    // Where it was interrupted, a run keeps the weights it had.
    summary: withoutTimes(
      (yield* text(files.summary)).replaceAll(/,\s*\{\s*"path": "checkpoints\/step-\d+",[^}]*\}/g, "")
    ),
    weights: Buffer.from(yield* fs.readFile(`${folder}/${files.checkpoints}/final/optimizer.safetensors`)).toString(
      "hex"
    ),
    files: (yield* fs.readDirectory(folder)).filter((name) => name !== files.superseded).toSorted()
  }
})

export class NotTheSame extends Schema.TaggedError<NotTheSame>()("NotTheSame", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

type Essence = Effect.Success<ReturnType<typeof essence>>

const expectSame = Effect.fnUntraced(function*(where: string, expected: Essence, found: Essence) {
  const differing = aspects.filter((aspect) => !Equal.equals(found[aspect], expected[aspect]))
  if (differing.length === 0) return
  return yield* new NotTheSame({ detail: `${where}: not those of the undisturbed run are ${differing.join(", ")}` })
})

/** Makes an undisturbed run; how many disk operations it took. */
const undisturbedOperations = Effect.fnUntraced(function*(folder: string) {
  const { code, errors } = yield* begin(folder, 0)
  const operations = /disk operations: (\d+)/.exec(errors)?.[1]
  if (code !== 0 || operations === undefined) return yield* new NotTheSame({ detail: errors })
  return Number(operations)
})

/**
 * Ends that many runs of one seed, each at another random disk operation, and fails with what of the first that differs
 * from an undisturbed run once it is resumed. Every other one that was killed is killed again while it resumes; one that
 * was interrupted must not do anything twice. `say` hears of each.
 */
export const survive = Effect.fnUntraced(function*(
  runs: number,
  seed: number,
  say: (sentence: string) => Effect.Effect<void>,
  signal: Signal = "SIGKILL"
) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const undisturbed = `${folder}/undisturbed`
  const operations = yield* undisturbedOperations(undisturbed)
  const expected = yield* essence(undisturbed)
  const draws = new Seed.Draws(Seed.derive("crash", seed))
  // With the last of them the run is complete, and an interruption has nothing left to end.
  const eligible = signal === "SIGKILL" ? operations : Math.floor(operations * 0.85)
  for (let n = 0; n < runs;) {
    const ended = `${folder}/run`
    const at = 1 + draws.below(eligible)
    const again = signal === "SIGINT" || n % 2 === 0 ? 0 : 1 + draws.below(20)
    const where = `${signal} at disk operation ${at} of ${operations}`
      + (again === 0 ? "" : `, and again at ${again} of the resumption`)
    const first = yield* begin(ended, at, signal)
    if (first.code !== 0) {
      if (first.code !== (signal === "SIGKILL" ? undefined : 130)) {
        return yield* new NotTheSame({ detail: `${where}: it ended with ${first.code} instead; ${first.errors}` })
      }
      if (again > 0) yield* resume(ended, again)
      const last = yield* resume(ended, 0)
      if (last.code !== 0) return yield* new NotTheSame({ detail: `${where}: not resumed; ${last.errors}` })
      if (signal === "SIGINT" && /[1-9]\d* (?:step|episode)s? after that/.test(last.errors)) {
        return yield* new NotTheSame({ detail: `${where}: something is done twice; ${last.errors}` })
      }
      yield* expectSame(where, expected, yield* essence(ended))
      n += 1
      yield* say(`${n} of ${runs}: ${where}; ${last.errors.split("\n")[0] ?? ""}`)
    }
    // What episodes do is written by the clock, so a run may have fewer operations than another, and get away.
    yield* fs.remove(ended, { recursive: true })
  }
  return operations
})

/** Fails unless something said what it should have, and ended with a code. */
const expectSaid = Effect.fnUntraced(function*(
  what: string,
  { code, errors }: { readonly code: number | undefined; readonly errors: string },
  expected: { readonly code: number; readonly words: RegExp }
) {
  if (code === expected.code && expected.words.test(errors) && !errors.includes("    at ")) return
  return yield* new NotTheSame({ detail: `${what}: it ended with ${code}: ${errors}` })
})

const mount = (...given: ReadonlyArray<string>) =>
  ChildProcessSpawner.ChildProcessSpawner.use((spawner) => spawner.exitCode(ChildProcess.make("mount", given)))

/**
 * Runs onto a disk that is too small, and then read-only, and then large enough: it says so twice, and ends as an
 * undisturbed run does. Where no disk can be mounted, that is said instead.
 */
export const outgrow = Effect.fnUntraced(function*(say: (sentence: string) => Effect.Effect<void>) {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const folder = yield* fs.makeTempDirectoryScoped()
  const disk = `${folder}/disk`
  yield* fs.makeDirectory(disk)
  const mounted = yield* Effect.acquireRelease(
    mount("-t", "tmpfs", "-o", "size=22m", "tmpfs", disk).pipe(
      Effect.map((code) => Number(code) === 0),
      Effect.orElseSucceed(() => false)
    ),
    (mounted) => mounted ? Effect.ignore(spawner.exitCode(ChildProcess.make("umount", [disk]))) : Effect.void
  )
  if (!mounted) return yield* say("skipped the full disk: this process may not mount one")
  yield* undisturbedOperations(`${folder}/undisturbed`)
  const run = `${disk}/run`
  yield* expectSaid("on a full disk", yield* begin(run, 0), { code: 1, words: /no space left on the device/ })
  yield* mount("-o", "remount,ro", disk)
  yield* expectSaid("on a read-only disk", yield* resume(run, 0), { code: 1, words: /the file system is read-only/ })
  yield* mount("-o", "remount,rw,size=100m", disk)
  const [one, other] = yield* Effect.all([resume(run, 0), resume(run, 0)], { concurrency: 2 })
  const [winner, loser] = one.code === 0 ? [one, other] : [other, one]
  yield* expectSaid("with room", winner, { code: 0, words: /going on after/ })
  yield* expectSaid("the second process", loser, { code: 1, words: /is writing this run; one at a time can/ })
  yield* expectSame("on a disk that was full", yield* essence(`${folder}/undisturbed`), yield* essence(run))
  yield* say("a full disk, a read-only one and a second process were named, and the run ended as the undisturbed one")
})
