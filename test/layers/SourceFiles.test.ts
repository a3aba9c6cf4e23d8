import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as Fingerprint from "../../src/layers/Fingerprint.ts"
import * as SourceFiles from "../../src/layers/SourceFiles.ts"

/** A folder with these files. */
const folderOf = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
  for (const [name, text] of Object.entries(files)) {
    yield* fs.makeDirectory(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true })
    yield* fs.writeFileString(`${folder}/${name}`, text)
  }
  return folder
})

const namesOf = (folder: string, { imports }: SourceFiles.Program) =>
  imports.map(({ path }) => path.slice(folder.length + 1))

describe("SourceFiles", () => {
  it.effect("finds what a file imports, and what that imports, each once", () =>
    Effect.gen(function*() {
      const main =
        `import { a } from "./a.ts"\nexport * from '../shared/b.ts'\nimport "./c.js"\nimport tasks from "./d.json"\n`
      const folder = yield* folderOf({
        "mine/main.ts": `${main}const late = await import("./late.ts")\nimport { Effect } from "effect"\n`,
        "mine/a.ts": "import {\n  b\n} from \"../shared/b.ts\"\nexport const a = b\n",
        "mine/c.ts": "import \"./main.ts\"\n",
        "mine/d.json": "[]",
        "mine/late.ts": "const other = require(\"./folder\")\n",
        "mine/folder/index.js": "",
        "mine/not-imported.ts": "",
        "shared/b.ts": "export const b = \"./not-imported.ts\"\n"
      })
      const program = yield* SourceFiles.read(`${folder}/mine/main.ts`)
      assert.strictEqual(program.path, `${folder}/mine/main.ts`)
      assert.deepStrictEqual(namesOf(folder, program), [
        "mine/a.ts",
        "mine/c.ts",
        "mine/d.json",
        "mine/folder/index.js",
        "mine/late.ts",
        "shared/b.ts"
      ])
      assert.strictEqual(program.imports[2]?.sha256, Fingerprint.ofText("[]"))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("leaves out envtune's own files, and what is not there", () =>
    Effect.gen(function*() {
      const program = yield* SourceFiles.read(new URL("../../examples/curriculum.ts", import.meta.url).pathname)
      assert.deepStrictEqual(program.imports, [])
      const folder = yield* folderOf({ "main.ts": "// from \"./nowhere.ts\"\n" })
      assert.deepStrictEqual((yield* SourceFiles.read(`${folder}/main.ts`)).imports, [])
    }).pipe(Effect.provide(NodeServices.layer)))
})
