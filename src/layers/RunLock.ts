/**
 * One process at a time writes a run. The lock is a file that names its holder, who touches it now and
 * then; it goes when the holder's scope closes. One that nobody has touched for some minutes does not count
 * any more, nor does one of this host whose process is gone. A holder that was stopped for so long that
 * another took over finds out before it writes.
 */
import type { Scope } from "effect"
import { Clock, Effect, FileSystem, Option, Schema } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { hostname } from "node:os"
import * as process from "node:process"

const Holder = Schema.Struct({ pid: Schema.Int, host: Schema.String })
export type Holder = typeof Holder.Type

const Json = Schema.fromJsonString(Holder)
const encode = Schema.encodeSync(Json)
const decode = Schema.decodeUnknownOption(Json)

const touchedEvery = "30 seconds"
const staleAfterMilliseconds = 300_000

const own: Holder = { pid: process.pid, host: hostname() }

/** A signal of number 0 is delivered to nobody; that it is forbidden says that the process is there, too. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

const named = (file: string) =>
  FileSystem.FileSystem.use((fs) => Effect.option(fs.readFileString(file))).pipe(Effect.map(Option.flatMap(decode)))

/** Who holds the lock, unless nobody does or the holder is gone. */
export const holder = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const found = yield* named(file)
  if (Option.isNone(found)) return found
  if (found.value.host === own.host && !isAlive(found.value.pid)) return Option.none<Holder>()
  const touched = Option.flatMap(yield* Effect.option(fs.stat(file)), ({ mtime }) => mtime)
  const now = yield* Clock.currentTimeMillis
  return Option.filter(found, () => Option.exists(touched, (time) => now - time.getTime() < staleAfterMilliseconds))
})

/** The holder, where it is another process than this one. */
export const other = (file: string) =>
  Effect.map(named(file), Option.filter(({ host, pid }) => pid !== own.pid || host !== own.host))

/** Makes the file; fails with `AlreadyExists` where another process was first. */
const create = (file: string) =>
  FileSystem.FileSystem.use((fs) => fs.writeFileString(file, encode(own), { flag: "wx" }))

/** Takes the lock until the scope closes, or says who holds it. */
export const acquire: (
  file: string
) => Effect.Effect<Option.Option<Holder>, PlatformError, FileSystem.FileSystem | Scope.Scope> = Effect.fnUntraced(
  function*(file) {
    const fs = yield* FileSystem.FileSystem
    const holding = yield* holder(file)
    if (Option.isSome(holding)) return holding
    const aside = `${file}.stale`
    const moved = yield* fs.rename(file, aside).pipe(
      Effect.as(true),
      Effect.catchIf(({ reason }) => reason._tag === "NotFound", () => Effect.succeed(false))
    )
    // Another process may have replaced the stale lock in the meantime: then this is that process's.
    const replaced = moved ? yield* holder(aside) : Option.none()
    if (Option.isSome(replaced)) {
      yield* fs.rename(aside, file)
      return replaced
    }
    yield* fs.remove(aside, { force: true })
    const taken = yield* Effect.acquireRelease(
      create(file).pipe(
        Effect.as(true),
        Effect.catchIf(({ reason }) => reason._tag === "AlreadyExists", () => Effect.succeed(false))
      ),
      (taken) =>
        Effect.flatMap(other(file), (by) => taken && Option.isNone(by) ? Effect.ignore(fs.remove(file)) : Effect.void)
    )
    if (!taken) return yield* acquire(file)
    const touch = Effect.flatMap(Clock.currentTimeMillis, (now) => fs.utimes(file, now / 1000, now / 1000))
    yield* Effect.ignore(touch).pipe(Effect.delay(touchedEvery), Effect.forever, Effect.forkScoped)
    return Option.none()
  }
)
