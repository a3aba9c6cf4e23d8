/**
 * What an answer to `retrieve_future` means (spec: tinker, 1.7). Servers say the same thing in different ways:
 * the order in which they are tried is part of the protocol.
 */
import { Option, Schema } from "effect"
import * as Future from "./Future.ts"

export interface Answer {
  readonly status: number
  /** Of JSON; undefined for a body that is none. */
  readonly json: unknown
  /** A body that is no JSON: the result, in protocol buffers. */
  readonly binary?: Uint8Array
}

export type Outcome =
  /** The result, still to be decoded. */
  | { readonly _tag: "Done" }
  /** To be asked for again; the queue's state where the server says it. */
  | { readonly _tag: "Waiting"; readonly queue: Future.TryAgain | undefined }
  /** There, with so many bytes. */
  | { readonly _tag: "Large"; readonly bytes: number }
  | { readonly _tag: "Failed"; readonly category: Future.FailureCategory; readonly detail: string }
  /** The server has forgotten the request: it may be submitted again. */
  | { readonly _tag: "Forgotten" }
  | { readonly _tag: "Unpaid" }
  /** The server, or something before it, is not well: to be asked again, later. */
  | { readonly _tag: "Unwell"; readonly status: number }
  /** A 400 that does not say why comes from a proxy, and passes. */
  | { readonly _tag: "Stray" }
  | { readonly _tag: "Refused"; readonly status: number; readonly detail: string }

const tryAgain = Schema.decodeUnknownOption(Future.TryAgain)
const completeMetadata = Schema.decodeUnknownOption(Future.CompleteMetadata)
const requestFailed = Schema.decodeUnknownOption(Future.RequestFailed)
const Complaint = Schema.Struct({ loc: Schema.Array(Schema.Unknown), msg: Schema.String })
const complaints = Schema.decodeUnknownOption(Schema.Struct({ detail: Schema.Array(Complaint) }))
const explanation = Schema.decodeUnknownOption(
  Schema.Union([
    Schema.Struct({ detail: Schema.Unknown }),
    Schema.Struct({ error_message: Schema.Unknown }),
    Schema.Struct({ error: Schema.Unknown })
  ])
)

const text = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value)

/** Why a request was not served, in the server's words; undefined where it has none. */
export const explain = (json: unknown): string | undefined => {
  const listed = complaints(json)
  if (Option.isSome(listed)) return listed.value.detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ")
  return Option.getOrUndefined(Option.map(explanation(json), (said) => text(Object.values(said)[0])))
}

export const decide = ({ binary, json, status }: Answer): Outcome => {
  if (status === 200) {
    if (binary !== undefined) return { _tag: "Done" }
    const waiting = tryAgain(json)
    if (Option.isSome(waiting)) return { _tag: "Waiting", queue: waiting.value }
    const large = completeMetadata(json)
    if (Option.isSome(large)) return { _tag: "Large", bytes: large.value.response_payload_size }
    const failed = requestFailed(json)
    if (Option.isSome(failed)) return { _tag: "Failed", category: failed.value.category, detail: failed.value.error }
    return { _tag: "Done" }
  }
  if (status === 408) return { _tag: "Waiting", queue: Option.getOrUndefined(tryAgain(json)) }
  if (status === 410) return { _tag: "Forgotten" }
  if (status === 402) return { _tag: "Unpaid" }
  if (status === 429 || status >= 500) return { _tag: "Unwell", status }
  const detail = explain(json)
  if (status === 400) return detail === undefined ? { _tag: "Stray" } : { _tag: "Failed", category: "unknown", detail }
  return { _tag: "Refused", status, detail: detail ?? "no reason given" }
}
