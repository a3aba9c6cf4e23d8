/** A drill is kept only if its ground truth runs without a failure and passes its own check. */
import * as Check from "../bfcl/Check.ts"
import { groundTruth } from "../bfcl/Entry.ts"
import { execute } from "../bfcl/Execute.ts"
import { open } from "../bfcl/Session.ts"
import type { Drill } from "./Drill.ts"
import { longContext } from "./LongContext.ts"

export const prove = ({ entry }: Drill): boolean => {
  const session = open(entry, { name: "proof", ...(entry.longContext && { longContext }) })
  const runs = groundTruth(entry).every((calls) => calls.every((call) => execute(session, call).failure === undefined))
  return runs && Check.multiTurn(entry, groundTruth(entry).map((calls) => [calls]), { longContext }).valid
}
