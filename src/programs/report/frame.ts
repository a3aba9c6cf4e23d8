/** What every page is in: one file that loads nothing and runs nothing. */
import { type Html, html, type Part } from "./html.ts"
import { style } from "./style.ts"

export const frame = ({ body, source, title, version }: {
  readonly title: string
  readonly body: Part
  readonly version: string
  /** What it was made from. */
  readonly source: string
}): Html =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${style}</style>
</head>
<body><main>
${body}<footer>Made by envtune ${version} from ${source}. The page is self-contained: no scripts, nothing loaded.</footer>
</main></body>
</html>
`
