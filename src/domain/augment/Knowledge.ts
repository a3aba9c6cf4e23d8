/** What is known about the tools of a session, from their documents and from what their simulators declare. */
import type { Knowledge, Provider } from "../Augmentor.ts"
import type { ToolDocument } from "../Message.ts"

/** Resource -> the tools that provide it, best first: the `providers` of a tool set. */
export type Providers = Readonly<Record<string, ReadonlyArray<Provider>>>

/**
 * The knowledge of a session that offers `tools` over some tool sets. A resource of one name is one thing, whoever
 * declares it: the providers of an earlier tool set come first.
 */
export const make = (
  tools: ReadonlyArray<ToolDocument>,
  toolsets: ReadonlyArray<{ readonly providers: Providers }>,
  draw = 0
): Knowledge => ({
  tools,
  draw,
  providers: (resource) =>
    toolsets.flatMap(({ providers }) => Object.hasOwn(providers, resource) ? providers[resource] ?? [] : [])
})
