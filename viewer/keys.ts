/** What keys do. Each page brings its own; `?` shows those that are at work. */
import { useEffect } from "preact/hooks"

export interface Binding {
  /** As `KeyboardEvent.key` names them; any of them. */
  readonly keys: ReadonlyArray<string>
  /** Shown by `?`. */
  readonly does: string
  readonly act: () => void
}

const active = new Set<ReadonlyArray<Binding>>()

/** All bindings at work, those of the innermost part first. */
export const bindings = (): ReadonlyArray<Binding> => [...active].toReversed().flat()

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, select, textarea") !== null

const pressed = (event: KeyboardEvent): void => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (isTyping(event.target)) {
    if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur()
    return
  }
  const binding = bindings().find(({ keys }) => keys.includes(event.key))
  if (binding === undefined) return
  event.preventDefault()
  binding.act()
}

addEventListener("keydown", pressed)

/** Puts keys to work for as long as the part is shown. */
export const useKeys = (own: ReadonlyArray<Binding>): void => {
  useEffect(() => {
    active.add(own)
    return () => {
      active.delete(own)
    }
  })
}
