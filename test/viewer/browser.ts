/** The system's Chromium, without a network of its own. */
import { Config, Effect, Option } from "effect"
import { existsSync } from "node:fs"
import { chromium } from "playwright-core"

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]

/** Where a Chromium is: what CHROMIUM says, or one of the usual places; undefined when there is none. */
export const executable = Config.option(Config.String("CHROMIUM")).pipe(
  Effect.map(Option.getOrElse(() => places.find((place) => existsSync(place)))),
  Effect.orElseSucceed(() => undefined)
)

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"].concat(
  ["background-networking", "component-update", "sync"].map((what) => `--disable-${what}`)
)

/** A page of a browser of its own, closed with the scope. */
export const newPage = (executablePath: string) =>
  Effect.acquireRelease(
    Effect.promise(() => chromium.launch({ executablePath, args: flags })),
    (browser) => Effect.promise(() => browser.close())
  ).pipe(
    Effect.flatMap((browser) => Effect.promise(() => browser.newPage({ viewport: { width: 1280, height: 800 } })))
  )
