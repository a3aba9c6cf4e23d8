import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PageTree } from "../../../src/layers/embedded/PageTree.ts"

const positions = 4

/** A tree whose pages hold, as their content, the tokens themselves: what a page says can be checked. */
const makeTree = (pages: number) => {
  const contents = Array.from({ length: pages }, () => new Array<number>())
  const tree = new PageTree({
    addresses: contents.map((_, at) => at),
    positions,
    copy: (target, source) => {
      contents[target] = [...contents[source]!]
    }
  })
  /** Extends a path to all of `tokens`, of which `length` are known, as a sampler does. */
  const extend = (path: ReturnType<PageTree["open"]>["path"], tokens: ReadonlyArray<number>, length: number): void => {
    for (let at = length; at < tokens.length; at++) {
      tree.append(path, tokens[at]!)
      const page = tree.addresses(path).at(-1)!
      contents[page]![at % positions] = tokens[at]!
    }
  }
  const read = (path: ReturnType<PageTree["open"]>["path"], length: number): ReadonlyArray<number> =>
    tree.addresses(path).flatMap((page) => contents[page]!.slice(0, positions)).slice(0, length)
  return { tree, extend, read }
}

const run = ({ extend, tree }: ReturnType<typeof makeTree>, tokens: ReadonlyArray<number>): number => {
  const { length, path } = tree.open(Int32Array.from(tokens))
  extend(path, tokens, length)
  tree.close(path)
  return length
}

describe("PageTree", () => {
  it("knows nothing at first, and then the longest common beginning", () => {
    const made = makeTree(20)
    assert.strictEqual(run(made, [1, 2, 3, 4, 5, 6]), 0)
    assert.strictEqual(run(made, [1, 2, 3, 4, 5, 6]), 6)
    assert.strictEqual(run(made, [1, 2, 3, 4, 5, 9]), 5)
    assert.strictEqual(run(made, [1, 2, 3, 4, 5, 6, 7, 8, 9]), 6)
    assert.strictEqual(run(made, [1, 2, 7]), 2)
    assert.strictEqual(run(made, [2, 2, 3]), 0)
  })

  it("shares with a sequence that is still under way", () => {
    const { extend, read, tree } = makeTree(20)
    const first = tree.open(Int32Array.of(1, 2, 3, 4, 5, 6))
    extend(first.path, [1, 2, 3, 4, 5, 6], 0)
    const second = tree.open(Int32Array.of(1, 2, 3, 4, 5, 7))
    assert.strictEqual(second.length, 5)
    extend(second.path, [1, 2, 3, 4, 5, 7], 5)
    extend(first.path, [1, 2, 3, 4, 5, 6, 8], 6)
    assert.deepStrictEqual(read(first.path, 7), [1, 2, 3, 4, 5, 6, 8])
    assert.deepStrictEqual(read(second.path, 6), [1, 2, 3, 4, 5, 7])
    assert.strictEqual(tree.addresses(first.path)[0], tree.addresses(second.path)[0])
    assert.notStrictEqual(tree.addresses(first.path)[1], tree.addresses(second.path)[1])
  })

  it("gives up the least recently used when it is full", () => {
    const made = makeTree(3)
    run(made, [1, 1, 1, 1])
    run(made, [2, 2, 2, 2])
    run(made, [3, 3, 3, 3])
    run(made, [1, 1, 1, 1])
    run(made, [4, 4, 4, 4])
    assert.strictEqual(made.tree.open(Int32Array.of(2, 2)).length, 0)
    assert.strictEqual(made.tree.open(Int32Array.of(1, 1)).length, 2)
  })

  it("forgets everything when it is cleared", () => {
    const made = makeTree(3)
    run(made, [1, 2])
    made.tree.clear()
    assert.strictEqual(run(made, [1, 2]), 0)
  })

  const Sequence = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 }))).check(
    Schema.isMaxLength(14)
  )
  it.prop(
    "always holds, for every sequence under way, just its tokens, however many come and go",
    [Schema.Array(Schema.Tuple([Sequence, Schema.Boolean])).check(Schema.isMaxLength(30))],
    ([events]) => {
      // Room for three sequences under way, and little more.
      const made = makeTree(13)
      const open: Array<
        { readonly path: ReturnType<PageTree["open"]>["path"]; readonly tokens: ReadonlyArray<number> }
      > = []
      for (const [tokens, closeOldest] of events) {
        if (open.length === 3 || (closeOldest && open.length > 0)) made.tree.close(open.shift()!.path)
        const { length, path } = made.tree.open(Int32Array.from(tokens))
        made.extend(path, tokens, length)
        open.push({ path, tokens })
        for (const { path, tokens } of open) assert.deepStrictEqual(made.read(path, tokens.length), tokens)
      }
    }
  )
})
