/**
 * Builds the viewer's page into assets/viewer/, where `envtune view` serves it from. With `--check` it builds into memory
 * and fails if the committed bytes differ.
 *
 * The stack: preact, because the page is a handful of lists and tables that change in place, and 4 kB of a library with
 * React's interface is what the most people can read; uPlot, because it draws tens of thousands of points on a canvas
 * without a frame lost; esbuild, because one binary without plugins makes the same bytes everywhere. All three are at
 * build time only: whoever installs envtune gets three files.
 */
import { build } from "esbuild"
import { readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const libraries = ["preact", "uplot"]

const bundled = async (): Promise<ReadonlyArray<readonly [file: string, contents: string]>> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: "viewer/main.tsx", out: "viewer" }, { in: "viewer/style.css", out: "viewer" }],
    outdir: "assets/viewer",
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none"
  })
  const page = await readFile(`${root}viewer/index.html`, "utf8")
  const licences = await Promise.all(
    libraries.map(async (name) => `${name}\n\n${await readFile(`${root}node_modules/${name}/LICENSE`, "utf8")}`)
  )
  return [
    ...outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf("/") + 1), text] as const),
    ["index.html", page],
    ["LICENSES.txt", licences.join("\n")]
  ]
}

const check = process.argv.includes("--check")
for (const [name, contents] of await bundled()) {
  const file = `assets/viewer/${name}`
  if (!check) await writeFile(`${root}${file}`, contents)
  const same = contents === await readFile(`${root}${file}`, "utf8")
  process.stdout.write(`${file}: ${contents.length} characters${same ? "" : ", not the committed ones"}\n`)
  if (!same) process.exitCode = 1
}
