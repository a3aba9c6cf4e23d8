import type { ComponentChildren } from "preact"

/** Something the reader should know: an error, or what cannot be shown and why. */
export const Notice = ({ children }: { children: ComponentChildren }) => <p class="notice" role="status">{children}</p>
