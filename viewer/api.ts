/** Asks the server, and remembers what does not change. */
import { useEffect, useState } from "preact/hooks"
import type { Progress } from "../src/domain/RunView.ts"

export interface Answer<A> {
  /** Of the last question that was answered; it stays while the next one is. */
  readonly value?: A
  /** A sentence. */
  readonly error?: string
}

export const address = (what: string, asked: Readonly<Record<string, string | number | undefined>>): string => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && value !== "") query.set(name, String(value))
  }
  return `/api/${what}?${query.toString()}`
}

const sentenceOf = (body: unknown): string =>
  typeof body === "object" && body !== null && "error" in body ? String(body.error) : "the server did not answer"

/** Rejects with a sentence. Our own server's answers are of the types that its code gives them. */
export const ask = async <A>(url: string): Promise<A> => {
  const response = await fetch(url).catch(() => undefined)
  if (response === undefined) throw new Error("the server does not answer: is `envtune view` still running?")
  const body = await response.json().catch(() => undefined)
  if (!response.ok) throw new Error(sentenceOf(body))
  return body
}

/** The answer to a question; asked again when the question or the version changes. No question, no answer. */
export const useAnswer = <A>(url: string | undefined, version: unknown = 0): Answer<A> => {
  const [state, setState] = useState<Answer<A> & { readonly of?: string | undefined }>({})
  useEffect(() => {
    if (url === undefined) return
    let current = true
    ask<A>(url).then(
      (value) => current && setState({ value, of: url }),
      (error: unknown) =>
        current && setState((before) => ({ ...before, error: error instanceof Error ? error.message : String(error) }))
    )
    return () => {
      current = false
    }
  }, [url, version])
  return state.of === url || state.error !== undefined ? state : {}
}

/** The progress of a run, for as long as it changes. */
export const useProgress = (run: number): Progress | undefined => {
  const [progress, setProgress] = useState<Progress>()
  useEffect(() => {
    setProgress(undefined)
    const events = new EventSource(address("live", { run }))
    events.addEventListener("message", ({ data }) => setProgress(JSON.parse(String(data))))
    for (const last of ["over", "broken"]) events.addEventListener(last, () => events.close())
    return () => events.close()
  }, [run])
  return progress
}
