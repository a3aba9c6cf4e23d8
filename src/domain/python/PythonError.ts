/** What Python raises. */

/**
 * A Python exception: `type` is the class name (`KeyError`), `message` is `str(exception)`.
 *
 * It is thrown as Python throws, and no JavaScript `Error`: it says what an agent did, several times a turn, and the
 * stack trace that an `Error` takes would cost more than the turn.
 */
export class PythonError {
  readonly type: string
  readonly message: string
  constructor(type: string, message: string) {
    this.type = type
    this.message = message
  }

  /** The last line of Python's traceback. */
  toString(): string {
    return `${this.type}: ${this.message}`
  }
}

/** Python's TypeError. */
export const typeError = (message: string): PythonError => new PythonError("TypeError", message)
