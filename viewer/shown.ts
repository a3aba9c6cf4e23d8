/** What every page is given. */
import type { Progress, RunHeader } from "../src/domain/RunView.ts"
import type { Headers } from "../src/programs/viewer/wire.ts"
import type { Route } from "./route.ts"

export interface Shown {
  readonly header: RunHeader
  readonly headers: Headers
  readonly progress: Progress | undefined
  readonly route: Route
}
