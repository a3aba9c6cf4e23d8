/**
 * HTML as a value. What a template is given is escaped unless it is HTML already, so text
 * from a model can only ever be text.
 */

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Part = Html | string | number | undefined | ReadonlyArray<Part>

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

/** Control characters but tab and line feed are not allowed in HTML, and would be invisible. */
const isAllowed = (character: string): boolean => character >= " " ? character !== "\u007f" : "\t\n".includes(character)

export const escape = (text: string): string => {
  let escaped = ""
  for (const character of text) escaped += entities[character] ?? (isAllowed(character) ? character : "\ufffd")
  return escaped
}

const render = (part: Part): string => {
  if (part === undefined) return ""
  if (part instanceof Html) return part.text
  return typeof part === "object" ? part.map(render).join("") : escape(String(part))
}

/** A template whose holes are escaped; attribute values belong in double quotes. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Html =>
  new Html(strings.map((text, i) => text + (i < parts.length ? render(parts[i]) : "")).join(""))
