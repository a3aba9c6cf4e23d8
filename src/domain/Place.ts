/** A place in a file that somebody gave us, as messages name it. */

/** A file, and a line of it, from 1, where there is one. */
export interface Place {
  readonly path: string
  readonly line?: number | undefined
}

/** `path:line: detail`, or `path: detail`. */
export const told = ({ line, path }: Place, detail: string): string =>
  line === undefined ? `${path}: ${detail}` : `${path}:${line}: ${detail}`
