/**
 * A session on a Tinker server: what it holds ends with it. A heartbeat goes out at once, since a session that never
 * sent one is never cleaned up on SkyRL, and then every ten seconds (spec: tinker, 1.2).
 */
import { Clock, Deferred, Effect, Option, Schedule, type Scope, Semaphore } from "effect"
import * as Endpoint from "../../domain/tinker/Endpoint.ts"
import { SessionLost, TinkerClient, TinkerError } from "../../domain/tinker/TinkerClient.ts"

export interface Session {
  readonly id: string
  /** The number of the session's next model. */
  readonly nextModel: Effect.Effect<number>
  /** The number of the session's next sampler. */
  readonly nextSampler: Effect.Effect<number>
  /** Fails once the session is lost. */
  readonly check: Effect.Effect<void, TinkerError>
  /** Waits for something that never comes when the session is lost meanwhile: it fails then. */
  readonly outlive: <A>(waiting: Effect.Effect<A, TinkerError>) => Effect.Effect<A, TinkerError>
  /** Permits for bytes of prompts on their way, and for requests that wait for their samples. */
  readonly prompts: Semaphore.Semaphore
  readonly samples: Semaphore.Semaphore
}

export interface Options {
  readonly tags?: ReadonlyArray<string>
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly project?: string
}

const beat = "10 seconds"

/** Seconds without a heartbeat that was answered. */
const silence = 120

const counter = (): Effect.Effect<number> => {
  let next = 0
  return Effect.sync(() => next++)
}

export const make = Effect.fn("Session.make")(function*(
  { metadata, project, tags = [] }: Options = {}
): Effect.fn.Return<Session, TinkerError, Scope.Scope | TinkerClient> {
  const client = yield* TinkerClient
  const session = yield* client.call(Endpoint.createSession, {
    tags,
    sdk_version: client.sdkVersion,
    ...(metadata !== undefined && { user_metadata: metadata }),
    ...(project !== undefined && { project_id: project })
  })
  const { session_id: id } = session
  if (session.info_message !== undefined) yield* Effect.logInfo(session.info_message)
  if (session.warning_message !== undefined) yield* Effect.logWarning(session.warning_message)
  if (session.error_message !== undefined) yield* Effect.logError(session.error_message)

  let heard = yield* Clock.currentTimeMillis
  const lost = yield* Deferred.make<never, TinkerError>()
  const lose = (detail: string) =>
    Deferred.fail(
      lost,
      new TinkerError({ method: Endpoint.sessionHeartbeat.path, reason: new SessionLost({ sessionId: id, detail }) })
    )
  const heartbeat = client.call(Endpoint.sessionHeartbeat, { session_id: id }).pipe(
    Effect.timeout(beat),
    Effect.andThen(Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sync(() => void (heard = now)))),
    Effect.catch(Effect.fnUntraced(function*(error) {
      const seconds = ((yield* Clock.currentTimeMillis) - heard) / 1000
      if (error._tag === "TinkerError" && error.reason._tag === "RequestRefused") yield* lose(error.message)
      else if (seconds > silence) yield* lose(`no heartbeat was answered for ${Math.round(seconds)} s`)
    }))
  )
  yield* heartbeat
  yield* Effect.forkScoped(Effect.repeat(Effect.delay(heartbeat, beat), Schedule.forever))

  return {
    id,
    nextModel: counter(),
    nextSampler: counter(),
    check: Effect.flatMap(Deferred.poll(lost), Option.getOrElse(() => Effect.void)),
    outlive: (waiting) => Effect.raceFirst(waiting, Deferred.await(lost)),
    prompts: yield* Semaphore.make(client.config.sample_dispatch_bytes_semaphore_size),
    samples: yield* Semaphore.make(client.config.sample_max_concurrent_requests)
  }
})
