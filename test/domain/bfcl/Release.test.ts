import { assert, describe, it } from "@effect/vitest"
import { bfcl, nameOf } from "../../../src/domain/bfcl/Release.ts"

describe("the release", () => {
  it("pins every file by size and checksum, once", () => {
    const files = [...bfcl.data, bfcl.wheel, bfcl.longContext, bfcl.longContextJson]
    for (const { bytes, path, sha256 } of files) {
      assert.match(sha256, /^[0-9a-f]{64}$/, path)
      assert.isAbove(bytes, 0, path)
    }
    assert.strictEqual(new Set(files.map(nameOf)).size, files.length)
    assert.strictEqual(new Set(files.map(({ sha256 }) => sha256)).size, files.length)
  })
})
