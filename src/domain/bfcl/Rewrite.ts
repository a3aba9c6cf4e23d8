/**
 * What BFCL's executor does to the text of a call before it evaluates it.
 *
 * A regular expression looks for names in front of an opening parenthesis, in the whole text, string arguments included:
 * white space between the two is dropped, and a tool's name gets the variable of its instance in front. Both show in
 * results: `echo(content='use cat (f)')` prints `use <instance>.cat(f)`.
 */
import { spaceClass } from "../python/Text.ts"

/** Python's `\b([a-zA-Z_]\w*)\s*(?=\()`, whose classes are Unicode's. */
const callee = new RegExp(`(?<![\\p{L}\\p{N}_])([a-zA-Z_][\\p{L}\\p{N}_]*)[${spaceClass}]*(?=\\()`, "gu")

/** The text that is evaluated. `instanceOf` gives the variable of the instance that has a tool of that name. */
export const rewrite = (call: string, instanceOf: (tool: string) => string | undefined): string =>
  call.replace(callee, (_, name: string) => {
    const instance = instanceOf(name)
    return instance === undefined ? name : `${instance}.${name}`
  })

/** The name that a call begins with, when it is the only one that the rewriting would touch. */
export const onlyCallee = (call: string): string | undefined => {
  const matches = call.match(callee)
  if (matches === null || matches.length !== 1 || !call.startsWith(matches[0])) return undefined
  return /^\w+/.exec(matches[0])?.[0]
}

const forbidden = new Set(["kill", "exit", "quit", "remove", "unlink", "popen", "Popen", "run"])

/** The name that the executor refuses to run, looked for as the original does: before the first `(`, after the first `.`. */
export const forbiddenName = (call: string): string | undefined => {
  const [head = ""] = call.split("(")
  const name = head.includes(".") ? head.split(".")[1]! : head
  return forbidden.has(name) ? name : undefined
}

/** The variable of an instance, `<model>[_eval]_<id>_<class>_instance`. */
export const instanceName = (prefix: string, className: string): string => `${prefix}_${className}_instance`

/** `<model>[_eval]_<id>` as a part of a variable's name: `- . / :` become `_`. */
export const instancePrefix = (name: string): string => name.replaceAll(/[-./:]/g, "_")
