/** The tools of an entry's classes, by name. */
import { type RegisteredToolset, type ToolInfo, toolsetOf } from "./Toolsets.ts"

/** A tool within the classes of an entry. */
export interface Located {
  readonly tool: ToolInfo
  /** The name of its class. */
  readonly toolset: string
  /** Which of the entry's classes has it, and where among the class's tools. */
  readonly classIndex: number
  readonly toolIndex: number
}

/** What Python calls a tool: `Class.method`. */
export const qualifiedName = ({ tool, toolset }: Located): string => `${toolset}.${tool.name}`

/** Classes without a simulator. */
export class ToolsetMissing extends Error {
  readonly classes: ReadonlyArray<string>
  constructor(classes: ReadonlyArray<string>) {
    super(`no simulator of ${classes.join(", ")} yet`)
    this.classes = classes
  }
}

/** Toolsets in the order of an entry's classes, and their tools. */
export interface Toolbox {
  readonly toolsets: ReadonlyArray<RegisteredToolset>
  readonly tools: ReadonlyMap<string, Located>
}

/** Throws `ToolsetMissing`. */
export const make = (classes: ReadonlyArray<string>): Toolbox => {
  const missing = classes.filter((name) => toolsetOf(name) === undefined)
  if (missing.length > 0) throw new ToolsetMissing(missing)
  const toolsets = classes.flatMap((name) => toolsetOf(name) ?? [])
  const tools = new Map<string, Located>()
  for (const [classIndex, { name: toolset, tools: ofClass }] of toolsets.entries()) {
    for (const [toolIndex, tool] of ofClass.entries()) tools.set(tool.name, { tool, toolset, classIndex, toolIndex })
  }
  return { toolsets, tools }
}
