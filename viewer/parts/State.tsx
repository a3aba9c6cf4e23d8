import type { Change } from "../../src/domain/bfcl/Retrace.ts"
import type { Leaf } from "../../src/programs/viewer/wire.ts"
import { LongText } from "./LongText.tsx"

/** The last parts of a place are what differs; the first is the tool set. */
const Place = ({ path }: { path: string }) => {
  const [toolset = "", ...rest] = path.split("/")
  return (
    <span class="place" title={path}>
      <span class="muted">{toolset.replace(/API$|System$|Bot$/, "")}</span>
      {rest.join("/")}
    </span>
  )
}

/** Leaves that were made, changed or removed. */
export const Changes = ({ all, changes }: { all: number; changes: ReadonlyArray<Change> }) => (
  <ul class="changes">
    {changes.map(({ from, path, to }) => (
      <li key={path} class={from === undefined ? "made" : to === undefined ? "removed" : "changed"}>
        <Place path={path} />
        <span class="values">
          {from !== undefined && <del>{from}</del>}
          {to !== undefined && <ins>{to}</ins>}
        </span>
      </li>
    ))}
    {all > changes.length && <li class="muted">and {all - changes.length} more</li>}
  </ul>
)

interface Node {
  readonly name: string
  text: string | undefined
  readonly inside: Map<string, Node>
}

const treeOf = (leaves: ReadonlyArray<Leaf>): Node => {
  const root: Node = { name: "", text: undefined, inside: new Map() }
  for (const [path, text] of leaves) {
    let node = root
    for (const name of path.split("/")) {
      const next: Node = node.inside.get(name) ?? { name, text: undefined, inside: new Map() }
      node.inside.set(name, next)
      node = next
    }
    node.text = text
  }
  return root
}

/** Tables whose rows are alike are shown as tables: tweets, tickets, bookings, orders. */
const isTable = ({ inside }: Node): boolean =>
  inside.size > 1
  && Array.from(inside.values()).every((row) =>
    row.inside.size > 1 && Array.from(row.inside.values()).every((cell) => cell.inside.size === 0)
  )

const Table = ({ node }: { node: Node }) => {
  const rows = [...node.inside.values()]
  const names = [...new Set(rows.flatMap((row) => [...row.inside.keys()]))]
  return (
    <table>
      <thead>
        <tr>
          <th />
          {names.map((name) => <th key={name}>{name}</th>)}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <td class="muted">{row.name}</td>
            {names.map((name) => <td key={name}>{row.inside.get(name)?.text ?? ""}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const Branch = ({ depth, node }: { depth: number; node: Node }) => {
  if (node.inside.size === 0) {
    return (
      <li>
        <span class="name">{node.name}</span>{" "}
        <code>
          <LongText text={node.text ?? ""} most={200} />
        </code>
      </li>
    )
  }
  return (
    <li>
      <details open={depth < 3 || node.inside.size < 12}>
        <summary>
          <span class="name">{node.name}</span> <small class="muted">{node.inside.size}</small>
        </summary>
        {isTable(node)
          ? <Table node={node} />
          : (
            <ul>
              {[...node.inside.values()].map((child) => <Branch key={child.name} depth={depth + 1} node={child} />)}
            </ul>
          )}
      </details>
    </li>
  )
}

/** A whole state: files as a tree, records as tables, the rest as names and values. */
export const State = ({ leaves }: { leaves: ReadonlyArray<Leaf> }) => (
  <ul class="state">
    {[...treeOf(leaves).inside.values()].map((node) => <Branch key={node.name} depth={0} node={node} />)}
  </ul>
)
