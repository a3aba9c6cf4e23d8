/**
 * The journal's file: one entry a line, as JSON that ends in a checksum of itself.
 *
 * A crash can cut the last line; one that is broken before the last was damaged otherwise, and
 * nothing after it can be trusted.
 */
import { Result, Schema } from "effect"
import { crc32 } from "node:zlib"
import * as Journal from "../domain/Journal.ts"

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0")

/** The line of an entry, with its newline. */
export const encode = (entry: Journal.Entry): string => {
  const text = JSON.stringify(entry)
  return `${text.slice(0, -1)},"check":"${checksum(text)}"}\n`
}

const tail = /,"check":"([0-9a-f]{8})"\}$/

const decodeEntry = Schema.decodeUnknownResult(Schema.fromJsonString(Journal.Entry))

const decode = (line: string): Result.Result<Journal.Entry, string> => {
  const text = `${line.replace(tail, "")}}`
  if (tail.exec(line)?.[1] !== checksum(text)) return Result.fail("its checksum does not fit")
  return Result.mapError(decodeEntry(text), ({ message }) => `not what envtune writes: ${message}`)
}

/** An entry, and the bytes of the journal until its end. */
export interface Located {
  readonly entry: Journal.Entry
  readonly end: number
}

export interface Contents {
  readonly entries: ReadonlyArray<Located>
  /** Set when the last line is cut off. */
  readonly torn?: { readonly line: number; readonly detail: string }
}

/** All entries of a journal; the failure names a line, from 1, that is broken although others follow. */
export const parse = (
  bytes: Uint8Array
): Result.Result<Contents, { readonly line: number; readonly detail: string }> => {
  const decoder = new TextDecoder()
  const entries: Array<Located> = []
  let begin = 0
  while (begin < bytes.length) {
    const newline = bytes.indexOf(0x0a, begin)
    const end = newline < 0 ? bytes.length : newline + 1
    const line = entries.length + 1
    const decoded = newline < 0
      ? Result.fail("it is not complete")
      : decode(decoder.decode(bytes.subarray(begin, newline)))
    if (Result.isFailure(decoded)) {
      const torn = { line, detail: decoded.failure }
      return end === bytes.length ? Result.succeed({ entries, torn }) : Result.fail(torn)
    }
    entries.push({ entry: decoded.success, end })
    begin = end
  }
  return Result.succeed({ entries })
}
