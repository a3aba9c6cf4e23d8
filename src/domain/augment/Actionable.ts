/**
 * What stages 2 and 3 of the curriculum say when a call fails: for every tool, what would work.
 *
 * The paper's released code does this for one file system and four more tools (see Paper);
 * here the same two sources of knowledge, constraints inside a tool and dependencies between
 * tools, speak for every tool whose failures are typed.
 */
import { appended, type Augment, firstOf } from "../Augmentor.ts"
import { dependency } from "./Dependency.ts"
import { schema } from "./Schema.ts"

/** The hint alone. */
export const hint: Augment = firstOf(schema, dependency)

/** What the tool says, then the hint. */
export const actionable: Augment = appended(hint)
