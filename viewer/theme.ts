/** Light or dark: the system's choice until the reader makes another one. */
const key = "envtune-theme"

const chosen = localStorage.getItem(key)
if (chosen !== null) document.documentElement.dataset["theme"] = chosen

export const isDark = (): boolean =>
  (document.documentElement.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"))
    === "dark"

/** Tells what is drawn in colours of its own to draw again. */
export const themeChanged = "envtune-theme-changed"

export const nextTheme = (): void => {
  const next = isDark() ? "light" : "dark"
  document.documentElement.dataset["theme"] = next
  localStorage.setItem(key, next)
  dispatchEvent(new Event(themeChanged))
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event(themeChanged)))

/** A colour of the style sheet. */
export const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
