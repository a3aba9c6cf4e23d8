/**
 * Builds assets/engine.wasm and assets/engine-relaxed.wasm from wasm/kernels.ts.
 * With `--check` it builds into memory and fails if the committed bytes differ.
 */
import asc from "assemblyscript/asc"
import { readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const builds = [
  { file: "assets/engine.wasm", features: ["simd", "threads"] },
  { file: "assets/engine-relaxed.wasm", features: ["simd", "threads", "relaxed-simd"] }
]

/** Memory is imported: the engine shares one between its workers, sized for its model. */
const compile = async (features: ReadonlyArray<string>): Promise<Uint8Array> => {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      "wasm/kernels.ts",
      ...["--baseDir", root, "--outFile", "engine.wasm", "-O3", "--noAssert", "--runtime", "stub"],
      ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
      ...features.flatMap((feature) => ["--enable", feature])
    ],
    {
      writeFile: (_name: string, contents: string | Uint8Array) => {
        if (typeof contents !== "string") binary = contents
      }
    }
  )
  if (error !== null || binary === undefined) throw new Error(`asc failed: ${error?.message}\n${stderr.toString()}`)
  return binary
}

const check = process.argv.includes("--check")
for (const { features, file } of builds) {
  const built = await compile(features)
  if (!check) await writeFile(`${root}/${file}`, built)
  const same = Buffer.compare(built, await readFile(`${root}/${file}`)) === 0
  console.log(`${file}: ${built.length} bytes${same ? "" : ", not the committed ones"}`)
  if (!same) process.exitCode = 1
}
