/**
 * What the base model learns from: talk that is well formed and grounded, and aims at nothing.
 *
 * A babbler calls tools it was offered with values it was told, of the right kind, and has habits (below): it may follow
 * a tool's name when a message mentions one, ask when the tool whose document reads like the request is missing or lacks
 * a value, and say again what failed before something worked. It never sees a ground truth. What it does not know,
 * which tool a phrase asks for where documents do not say, and what a failure wants, is left to tuning.
 */
import type { Message } from "../Message.ts"
import * as Protocol from "../Protocol.ts"
import type { Draws } from "../Seed.ts"
import { type Kind, lines } from "./Documents.ts"
import { tools } from "./Drill.ts"
import * as Words from "./Words.ts"

/** How often the babbler does what. Probabilities. */
export interface Habits {
  /** Answers at once, without a call. */
  readonly answerFirst: number
  /** Answers at once, though never twice in a row, when the tool whose document reads like the request is missing or lacks a value. */
  readonly ask: number
  /** Answers once calls have run. */
  readonly answerAfterCall: number
  /** Answers after a call that failed. */
  readonly answerAfterFailure: number
  /** Calls a tool that the last result mentions, where it mentions one. */
  readonly followMention: number
  /** Once something has worked after a failure, tries again what failed. */
  readonly retry: number
  /** Calls a tool whose document reads like the request, where it did not call before. */
  readonly readDocuments: number
}

export const habits: Habits = {
  answerFirst: 0.12,
  ask: 0.95,
  answerAfterCall: 0.8,
  answerAfterFailure: 0.2,
  followMention: 0.7,
  retry: 0.6,
  readDocuments: 0.2
}

/** What a person may say for each kind: a city for an airport, a name for a user id, as people do. */
const listed: Readonly<Record<Exclude<Kind, "number" | "flag" | "name" | "me">, ReadonlyArray<string>>> = {
  file: Words.files,
  folder: [...Words.folders, ".."],
  text: Words.texts,
  user: [...Words.userIds, ...Words.people],
  person: Words.people,
  city: Words.cities,
  airport: [...Words.airports, ...Words.cities],
  currency: Words.currencies,
  token: Words.tokens,
  card: Words.cardIds,
  booking: Words.bookingIds,
  date: Words.dates,
  doors: Words.doors
}

const isWordAt = (text: string, word: string): boolean => {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/\w/.test(text[at - 1] ?? " ") && !/\w/.test(text[at + word.length] ?? " ")) return true
  }
  return false
}

/** Values of a kind in the order in which a text mentions them. */
const mentioned = (kind: Kind, text: string): ReadonlyArray<string> => {
  if (kind === "number") return text.match(/(?<![\w.-])\d+(?![\w-]|\.\d)/g) ?? []
  if (kind === "flag") return ["true", "false"]
  if (kind === "me") return /(?:This is|I am|me in as) (USR\d+)/.exec(text)?.slice(1) ?? []
  if (kind === "user" && /^This is USR\d+/.test(text)) return mentioned(kind, text.replace(/^This is USR\d+/, ""))
  const known = kind === "name" ? [...listed.file, ...listed.folder] : listed[kind]
  const paths = kind === "file" ? text.match(/\w+\/[\w.]+\w/g) ?? [] : []
  return paths.length > 0
    ? paths
    : known.filter((word) => isWordAt(text, word)).toSorted((a, b) => text.indexOf(a) - text.indexOf(b))
}

/** The first of the candidates, as a rule: what is said first goes where it is asked for first. */
const inOrder = (draws: Draws, candidates: ReadonlyArray<string>, how: number): string =>
  draws.chance(how) ? candidates[0]! : draws.pick(candidates)

const isSpelledBare = (kind: Kind | ReadonlyArray<string>): boolean => kind === "number" || kind === "flag"

/** A value of a kind as JSON text, or nothing when none was mentioned. */
const valueOf = (
  draws: Draws,
  kind: Kind | ReadonlyArray<string>,
  texts: ReadonlyArray<string>
): string | undefined => {
  if (typeof kind !== "string") {
    const said = kind.filter((literal) => isWordAt(texts[0] ?? "", literal))
    const value = said.length > 0 && draws.chance(0.95) ? draws.pick(said) : draws.pick(kind)
    return /^(\d+|true)$/.test(value) ? value : JSON.stringify(value)
  }
  for (const text of texts) {
    const candidates = mentioned(kind, text)
    if (candidates.length === 0) continue
    if (kind === "doors") return `[${candidates.map((door) => JSON.stringify(door)).join(", ")}]`
    const value = kind === "flag" ? draws.pick(candidates) : inOrder(draws, candidates, 0.9)
    return isSpelledBare(kind) ? value : JSON.stringify(value)
  }
  return undefined
}

/** The call as the protocol spells it, or nothing when an argument has no grounding in the texts, most recent first. */
const callOf = (draws: Draws, tool: string, texts: ReadonlyArray<string>): string | undefined => {
  const kinds = lines.get(tool)?.kinds ?? {}
  const used: Array<string> = []
  const args: Array<string> = []
  for (const [name, kind] of Object.entries(kinds)) {
    const fresh = texts.map((text) => used.reduce((rest, value) => rest.replace(value, ""), text))
    const value = valueOf(draws, kind, fresh)
    if (value === undefined) return undefined
    used.push(value.replaceAll("\"", ""))
    args.push(`${JSON.stringify(name)}: ${value}`)
  }
  return Protocol.toolCall(`{"name": "${tool}", "arguments": {${args.join(", ")}}}`)
}

const answer = Protocol.answer("Done.")

/** Words that say nothing about what is asked. */
const idle: ReadonlySet<string> = new Set("the and for from with what this that please into about your".split(" "))

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set((text.toLowerCase().match(/[a-z]{3,}/g) ?? []).filter((word) => !idle.has(word)))

const documentWords: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [...lines].map(([tool, { document }]) => [tool, wordsOf(document.description)])
)

/**
 * The tools of the offered ones' set whose documents share the most words with a request, on offer or not: the babbler has
 * read them all. None when no document shares any.
 */
const bestRead = (request: string, offered: ReadonlyArray<string>): ReadonlyArray<string> => {
  const asked = wordsOf(request)
  const set = Object.values(tools).find((names) => names.some((name) => offered.includes(name))) ?? []
  const shared = (tool: string): number => [...(documentWords.get(tool) ?? [])].filter((word) => asked.has(word)).length
  const most = Math.max(0, ...set.map(shared))
  return most === 0 ? [] : set.filter((tool) => shared(tool) === most)
}

/** Whether the turn before a request was answered at once: asked about, as it were. */
const askedBefore = (messages: ReadonlyArray<Message>, request: number): boolean => {
  const before = messages[request - 2]
  return before !== undefined && before.role === "user" && !Protocol.isReply(before.content)
}

/** The turn's last failed call, if something has worked since. */
const failedBefore = (said: ReadonlyArray<Message>): string | undefined => {
  for (let at = said.length - 1; at > 0; at--) {
    if (hasFailed(said[at]!.content)) return at === said.length - 1 ? undefined : said[at - 1]!.content
  }
  return undefined
}

/** A call said again: a path by its last name, a city or a person by the code or id that has been found since. */
const again = (call: string, found: string): string => {
  const renamed = call.replaceAll(/"\w+\/([\w.]+)"/g, "\"$1\"")
  const replaced = (text: string, names: ReadonlyArray<string>, codes: ReadonlyArray<string>): string => {
    const [code] = codes.filter((each) => isWordAt(found, each))
    const name = names.find((each) => isWordAt(text, each))
    return code === undefined || name === undefined ? text : text.replaceAll(`"${name}"`, `"${code}"`)
  }
  return replaced(replaced(renamed, Words.cities, Words.airports), Words.people, Words.userIds)
}

const hasFailed = (result: string): boolean => /"error|Error/.test(result)

/** What the babbler has in front of it. */
export interface View {
  /** Tools offered so far. */
  readonly tools: ReadonlyArray<string>
  /** The whole conversation, oldest first. */
  readonly messages: ReadonlyArray<Message>
  /** Position of the current turn's request in `messages`. */
  readonly request: number
}

/** The next assistant message. */
export const babble = (draws: Draws, view: View, how: Habits = habits): string => {
  const { messages, request, tools: offered } = view
  const asked = messages[request]?.content ?? ""
  const last = messages.at(-1)?.content ?? ""
  const called = messages.length - 1 > request
  const failed = called && hasFailed(last)
  const before = messages.slice(1, request).findLast(({ role }) => role === "user")?.content ?? ""
  const texts = called ? [`${asked} ${last}`, before] : [asked, before]
  const said = new Set(messages.slice(request).map(({ content }) => content))
  const from = (candidates: ReadonlyArray<string>, grounds = texts): string | undefined => {
    for (const tool of draws.shuffle(candidates)) {
      const text = callOf(draws, tool, grounds)
      // What failed may be tried again; what worked is not said twice.
      if (text !== undefined && (failed || !said.has(text))) return text
    }
    return undefined
  }
  const unfinished = called && !failed ? failedBefore(messages.slice(request)) : undefined
  if (unfinished !== undefined && draws.chance(how.retry)) {
    const retried = again(unfinished, last)
    if (!said.has(retried) || retried === unfinished) return retried
  }
  const stop = !called ? how.answerFirst : failed ? how.answerAfterFailure : how.answerAfterCall
  if (draws.chance(stop)) return answer
  const matching = called || askedBefore(messages, request) ? [] : bestRead(asked, offered)
  const read = offered.filter((tool) => matching.includes(tool))
  const helpless = matching.length > 0 && from(read) === undefined
  if (helpless && draws.chance(how.ask)) return answer
  const mentions = called ? offered.filter((tool) => isWordAt(last, tool)) : []
  return (draws.chance(how.followMention) ? from(mentions, [last, asked]) : undefined)
    ?? (draws.chance(how.readDocuments) ? from(read) : undefined)
    ?? from(offered.filter((tool) => Object.keys(lines.get(tool)?.kinds ?? {}).length > 0 || draws.chance(0.3)))
    ?? from(offered)
    ?? answer
}
