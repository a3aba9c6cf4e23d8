/**
 * Which sequences' keys and values a worker has, as a tree of pages: a page holds up to 16
 * consecutive positions, its parent the 16 before. Sequences that begin alike share pages,
 * whether they are turns of one episode or episodes of one group; where they part within a
 * page, the common beginning is copied. A page is what it is because of the tokens before
 * it, so reuse never changes a result.
 *
 * The last page of a sequence under way is pinned; of the others, those that no page
 * follows are given up when room is needed, the least recently used first.
 */

interface Page {
  readonly address: number
  readonly parent: Page | undefined
  readonly children: Array<Page>
  /** Valid up to `count`. */
  readonly tokens: Int32Array
  count: number
  /** Sequences under way that end in this page. Two only share a page that is full. */
  pins: number
  lastUsed: number
}

/** The pages of a sequence under way. */
export interface Path {
  tail: Page | undefined
}

/** Memory for pages. */
export interface PageMemory {
  readonly addresses: ReadonlyArray<number>
  /** Positions in a page. */
  readonly positions: number
  /** Copies the content of one page to another. */
  readonly copy: (target: number, source: number) => void
}

/** Giving up one page means looking at all; this many are given up at once. */
const evictedShare = 1 / 16

export class PageTree {
  private readonly memory: PageMemory
  private free: Array<number>
  private roots: Array<Page> = []
  private clock = 0

  constructor(memory: PageMemory) {
    this.memory = memory
    this.free = [...memory.addresses]
  }

  /** Forgets everything; no sequence may be under way. */
  clear(): void {
    this.roots = []
    this.free = [...this.memory.addresses]
  }

  /** A path along the longest known beginning of `tokens`, and the length of that. */
  open(tokens: Int32Array): { readonly path: Path; readonly length: number } {
    const { positions } = this.memory
    const path: Path = { tail: undefined }
    const now = ++this.clock
    for (let length = 0;;) {
      const { common, page } = this.closest(path.tail, tokens.subarray(length))
      if (page === undefined) return { path, length }
      length += common
      page.lastUsed = now
      const usable = common === positions || (common === page.count && page.pins === 0 && page.children.length === 0)
      this.move(path, usable ? page : this.fork(path.tail, page, common))
      if (common < positions) return { path, length }
    }
  }

  /** Adds a position to a path. The caller computes its keys and values before anything else is opened. */
  append(path: Path, token: number): void {
    if (path.tail === undefined || path.tail.count === this.memory.positions) {
      this.move(path, this.attach(path.tail))
    }
    const tail = path.tail!
    tail.tokens[tail.count++] = token
  }

  /** The sequence is no longer under way; what is known of it may be reused until room is needed. */
  close(path: Path): void {
    if (path.tail !== undefined) path.tail.lastUsed = ++this.clock
    this.move(path, undefined)
  }

  /** The addresses of a path's pages, from the first. */
  addresses(path: Path): ReadonlyArray<number> {
    const addresses: Array<number> = []
    for (let page = path.tail; page !== undefined; page = page.parent) addresses.push(page.address)
    return addresses.toReversed()
  }

  /** The page after `parent` with the longest common beginning, if there is any. */
  private closest(
    parent: Page | undefined,
    tokens: Int32Array
  ): { readonly page: Page | undefined; readonly common: number } {
    let best: Page | undefined
    let longest = 0
    for (const page of parent?.children ?? this.roots) {
      const limit = Math.min(page.count, tokens.length)
      let common = 0
      while (common < limit && page.tokens[common] === tokens[common]) common++
      if (common > longest) {
        best = page
        longest = common
      }
    }
    return { page: best, common: longest }
  }

  private move(path: Path, to: Page | undefined): void {
    if (to !== undefined) to.pins++
    if (path.tail !== undefined) path.tail.pins--
    path.tail = to
  }

  /** A new page after `parent` with the first `count` positions of another. */
  private fork(parent: Page | undefined, source: Page, count: number): Page {
    source.pins++
    const page = this.attach(parent)
    source.pins--
    this.memory.copy(page.address, source.address)
    page.tokens.set(source.tokens.subarray(0, count))
    page.count = count
    return page
  }

  /** A new, empty page after `parent`. */
  private attach(parent: Page | undefined): Page {
    if (this.free.length === 0) this.evict()
    const address = this.free.pop()
    if (address === undefined) throw new Error("all pages of the key-value cache are pinned")
    const page: Page = {
      address,
      parent,
      children: [],
      tokens: new Int32Array(this.memory.positions),
      count: 0,
      pins: 0,
      lastUsed: this.clock
    }
    const siblings = parent?.children ?? this.roots
    siblings.push(page)
    return page
  }

  private evict(): void {
    const wanted = Math.ceil(this.memory.addresses.length * evictedShare)
    while (this.free.length < wanted) {
      const idle = this.leaves().filter((page) => page.pins === 0).toSorted((a, b) => a.lastUsed - b.lastUsed)
      if (idle.length === 0) return
      for (const page of idle.slice(0, wanted - this.free.length)) {
        const siblings = page.parent?.children ?? this.roots
        siblings.splice(siblings.indexOf(page), 1)
        this.free.push(page.address)
      }
    }
  }

  private leaves(): Array<Page> {
    const leaves: Array<Page> = []
    const stack = [...this.roots]
    for (let page = stack.pop(); page !== undefined; page = stack.pop()) {
      if (page.children.length === 0) leaves.push(page)
      stack.push(...page.children)
    }
    return leaves
  }
}
