/** Writes the report of a run: one self-contained HTML page. */
import { Effect, FileSystem, Path } from "effect"
import * as RunFolder from "../layers/RunFolder.ts"
import * as RunReader from "../layers/RunReader.ts"
import { gather } from "./report/digest.ts"
import { page } from "./report/page.ts"

/** Reads the run in `folder` and writes its page to `out`, or into the folder; gives the page's path. */
export const writeReport = Effect.fn("writeReport")(function*(folder: string, out: string | undefined) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = out ?? path.join(folder, "report.html")
  const digest = yield* gather(folder, yield* RunReader.open(folder))
  yield* fs.writeFileString(file, page(digest).text).pipe(RunFolder.writing(file))
  return file
})
