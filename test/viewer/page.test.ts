/** The viewer's page in a real browser, over a real server, on a run that means harm. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, FileSystem, Layer } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { hostname } from "node:os"
import * as process from "node:process"
import type { Page } from "playwright-core"
import type { EpisodePage } from "../../src/domain/RunView.ts"
import { viewer } from "../../src/programs/viewer.ts"
import * as Wiring from "../../src/programs/wiring.ts"
import { hostile, longest, record, recorded } from "../programs/viewer/recording.ts"
import { executable as browserAt, newPage } from "./browser.ts"

const executable = Effect.runSync(browserAt)

const described = executable === undefined
  ? describe.skip
  : describe

/** A page, and everything that goes wrong on it. */
const browsing = Effect.gen(function*() {
  const page = yield* newPage(executable ?? "")
  page.setDefaultTimeout(20_000)
  const complaints: Array<string> = []
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("404")) complaints.push(message.text())
  })
  return { page, complaints }
})

const serving = (folder: string) =>
  viewer({ runs: [folder], host: "127.0.0.1", token: undefined }).pipe(
    Layer.provide(Wiring.layer),
    Layer.provideMerge(NodeHttpServer.layerTest),
    Layer.provideMerge(NodeServices.layer)
  )

const addressOf = Effect.map(
  HttpServer.HttpServer,
  ({ address }) => `http://127.0.0.1:${new URL(HttpServer.formatAddress(address)).port}`
)

/** Opens the run in a browser and does something with it. */
const withPage = <E>(
  folder: Effect.Effect<string, E, NodeServices.NodeServices | Scope.Scope>,
  use: (page: Page, at: string) => Promise<void>
) =>
  Effect.gen(function*() {
    const served = serving(yield* folder)
    yield* Effect.gen(function*() {
      const { complaints, page } = yield* browsing
      const at = yield* addressOf
      yield* Effect.promise(() => use(page, at))
      assert.deepStrictEqual(complaints, [])
      assert.include(yield* Effect.promise(() => page.title()), "envtune")
    }).pipe(Effect.provide(served))
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

/** The id of an episode with a message of 10 MB, by way of the server. */
const idOfLongest = async (page: Page): Promise<string> => {
  const listed = await page.request.get(
    new URL("/api/episodes?run=0&offset=0&limit=500&verdict=failed", page.url()).href
  )
  const { episodes }: EpisodePage = await listed.json()
  for (const { id } of episodes) {
    const episode = await page.request.get(new URL(`/api/episode?run=0&id=${id}`, page.url()).href)
    if ((await episode.body()).length > longest.length) return id
  }
  return assert.fail("no episode has a message of 10 MB")
}

const textOf = (page: Page) => page.locator("main").innerText()

described(`the viewer's page${executable === undefined ? " (no Chromium: set CHROMIUM to one)" : ""}`, () => {
  it.live("shows every page, by address and by key", () =>
    withPage(recorded, async (page, at) => {
      await page.goto(at)
      await page.waitForSelector(".strip li.ended:nth-child(2)")
      const overview = await textOf(page)
      assert.include(overview, "of <b>drills</b>")
      assert.include(overview, "step 3 of 3")
      assert.isAbove(await page.locator(".chart canvas").count(), 10)

      await page.keyboard.press("2")
      await page.waitForSelector(".list .row.selected")
      assert.include(await textOf(page), "60 episodes")
      await page.keyboard.press("f")
      await page.waitForURL(/verdict=failed/)
      await page.keyboard.press("c")
      await page.waitForURL((url) => !url.hash.includes("verdict"))
      await page.locator(".count", { hasText: "60 episodes" }).waitFor()
      for (const key of ["j", "j", "k", "Enter"]) await page.keyboard.press(key)
      await page.locator(".top", { hasText: "member 1" }).waitFor()
      await page.waitForSelector(".turn .truth")
      await page.keyboard.press("]")
      await page.locator(".top", { hasText: "member 2" }).waitFor()
      await page.keyboard.press("s")
      await page.waitForSelector(".fullstate .state li")
      await page.keyboard.press("t")
      await page.keyboard.press("u")
      await page.waitForSelector(".members tbody tr:nth-child(6)")
      assert.include(await textOf(page), "Admitted: its rewards differ")
      assert.isAbove(await page.locator(".act.diverges").count(), 1)

      await page.keyboard.press("3")
      await page.waitForSelector(".hints tbody tr")
      await page.keyboard.press("j")
      await page.waitForSelector(".examples .told")
      await page.keyboard.press("4")
      await page.waitForSelector(".tasks li, .choices")
      assert.include(await textOf(page), "McNemar")
      await page.keyboard.press("?")
      assert.include(await page.locator(".help").innerText(), "Dark or light")
      await page.keyboard.press("Escape")
      await page.keyboard.press("d")
      assert.isNotEmpty(await page.locator("html").getAttribute("data-theme"))
    }), 120_000)

  it.live(
    "shows what an episode says as text, however hostile and long it is",
    () =>
      withPage(recorded, async (page, at) => {
        await page.goto(`${at}/#/0/episodes?verdict=failed`)
        await page.waitForSelector(".list .row .task")
        await page.keyboard.press("Enter")
        await page.waitForSelector(".step .thought")
        await page.waitForSelector(".turn .diagnosis")
        assert.include(await textOf(page), hostile)
        assert.strictEqual(await page.locator("main script, main img").count(), 0)

        const id = await idOfLongest(page)
        await page.goto(`${at}/#/0/episode/${id}`)
        await page.waitForSelector(".more")
        assert.isBelow((await textOf(page)).length, 20_000)
        await page.locator(".more").first().click()
        assert.isAbove((await textOf(page)).length, 20_000)
      }),
    120_000
  )

  it.live("follows a run while it is on", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
      yield* record(folder)
      const names = ["metrics.jsonl", "episodes.jsonl.gz", "summary.json"] as const
      const whole = yield* Effect.forEach(names, (name) => fs.readFile(`${folder}/${name}`))
      const restore = names.map((name, i) => fs.writeFile(`${folder}/${name}`, whole[i] ?? new Uint8Array()))
      // As it was after its first step: half of a line more, and half of a gzip member.
      const metrics = new TextDecoder().decode(whole[0])
      yield* fs.writeFileString(`${folder}/metrics.jsonl`, metrics.slice(0, metrics.indexOf("\n") + 40))
      yield* fs.writeFile(`${folder}/episodes.jsonl.gz`, (whole[1] ?? new Uint8Array()).subarray(0, 200))
      yield* fs.writeFileString(
        `${folder}/summary.json`,
        new TextDecoder().decode(whole[2]).replace("\"completed\"", "\"running\"")
      )
      yield* fs.writeFileString(`${folder}/lock`, JSON.stringify({ pid: process.ppid, host: hostname() }))
      const finish = Effect.runPromiseWith(yield* Effect.context())
      yield* withPage(Effect.succeed(folder), async (page, at) => {
        await page.goto(at)
        await page.waitForSelector(".status.running")
        await page.locator("main", { hasText: "1 steps" }).waitFor()
        await finish(Effect.all(restore, { discard: true }))
        await page.waitForSelector(".status.completed", { timeout: 20_000 })
        await page.locator("main", { hasText: "3 steps" }).waitFor()
        await page.keyboard.press("2")
        await page.locator(".count", { hasText: "60 episodes" }).waitFor()
      })
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), 120_000)
})
