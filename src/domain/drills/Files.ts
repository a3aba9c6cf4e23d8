/** Drills over GorillaFileSystem: a home folder with a few folders and files in it. */
import type { Draws } from "../Seed.ts"
import { type Offer, type Request, type Theme, world } from "./Story.ts"
import { files, folders, quoted, texts } from "./Words.ts"

interface Place {
  readonly folders: Map<string, Map<string, string>>
  /** Files directly under home: name -> content. */
  readonly home: Map<string, string>
  /** The folder the agent is in; undefined is home. */
  inside: string | undefined
}

const build = (draws: Draws): Place => {
  const names = draws.shuffle(files)
  let used = 0
  const some = (n: number): Map<string, string> =>
    new Map(Array.from({ length: n }, () => [names[used++]!, draws.pick(texts)]))
  return {
    folders: new Map(draws.sample(folders, 2).map((name) => [name, some(1 + draws.below(2))])),
    home: some(2 + draws.below(2)),
    inside: undefined
  }
}

const fileNode = (content: string) => ({ type: "file", content })

const asNodes = (contents: ReadonlyMap<string, string>) =>
  Object.fromEntries([...contents].map(([name, content]) => [name, fileNode(content)]))

const configOf = (place: Place): string =>
  JSON.stringify({
    root: {
      home: {
        type: "directory",
        contents: {
          ...Object.fromEntries(
            [...place.folders].map(([name, contents]) => [name, { type: "directory", contents: asNodes(contents) }])
          ),
          ...asNodes(place.home)
        }
      }
    }
  })

const call = (tool: string, args: Readonly<Record<string, string>> = {}): string =>
  `${tool}(${Object.entries(args).map(([name, value]) => `${name}=${quoted(value)}`).join(", ")})`

/** A request about one file: how to say it plainly, with the file left out, and what to call. */
interface AboutFile {
  readonly tool: string
  readonly say: ReadonlyArray<(name: string) => string>
  readonly vague: string
  readonly call: (name: string) => string
  /** What becomes of the file. */
  readonly after?: (contents: Map<string, string>, name: string) => void
}

const showing: AboutFile = {
  tool: "cat",
  say: [(name) => `Show me ${name}.`, (name) => `What does ${name} say?`, (name) => `Read ${name} to me.`],
  vague: "Show me that file.",
  call: (name) => call("cat", { file_name: name })
}

const deleting: AboutFile = {
  tool: "rm",
  say: [(name) => `Delete ${name}.`, (name) => `Please get rid of ${name}.`, (name) => `I no longer need ${name}.`],
  vague: "Delete the file I mentioned.",
  call: (name) => call("rm", { file_name: name }),
  after: (contents, name) => {
    contents.delete(name)
  }
}

const creating: AboutFile = {
  tool: "touch",
  say: [(name) => `Create an empty file ${name}.`, (name) => `Start a new file called ${name}.`],
  vague: "Create an empty file for me.",
  call: (name) => call("touch", { file_name: name }),
  after: (contents, name) => {
    contents.set(name, "")
  }
}

const unseen: ReadonlyArray<AboutFile> = [
  {
    tool: "sort",
    say: [(name) => `Sort the lines of ${name}.`, (name) => `Put ${name} in order.`],
    vague: "Sort that file.",
    call: (name) => call("sort", { file_name: name })
  },
  {
    tool: "wc",
    say: [(name) => `Count the lines of ${name}.`, (name) => `How long is ${name}?`],
    vague: "Count the lines of that file.",
    call: (name) => call("wc", { file_name: name })
  },
  {
    tool: "tail",
    say: [(name) => `Show the end of ${name}.`],
    vague: "Show the end of that file.",
    call: (name) => call("tail", { file_name: name })
  }
]

const open = (draws: Draws, abouts: ReadonlyArray<AboutFile>, extras: boolean) => {
  const place = build(draws)
  const config = configOf(place)
  const here = (): Map<string, string> =>
    place.inside === undefined ? place.home : place.folders.get(place.inside) ?? place.home
  const taken = (): ReadonlySet<string> =>
    new Set([...place.home.keys(), ...[...place.folders.values()].flatMap((contents) => [...contents.keys()])])
  const newFile = (): string => draws.pick(files.filter((name) => !taken().has(name)))
  const anyOf = (contents: ReadonlyMap<string, string>): string | undefined =>
    contents.size === 0 ? undefined : draws.pick([...contents.keys()])

  const plainly = (about: AboutFile): Offer => () => {
    const name = about === creating ? newFile() : anyOf(here())
    if (name === undefined) return undefined
    about.after?.(here(), name)
    return {
      text: draws.pick(about.say)(name),
      calls: [about.call(name)],
      tool: about.tool,
      vague: { text: about.vague, reply: `I mean ${name}.` }
    }
  }

  /** `docs/report.txt`: tools understand names only, so one has to go there first. */
  const byPath = (about: AboutFile): Offer => () => {
    if (place.inside !== undefined) return undefined
    const folder = draws.pick([...place.folders.keys()])
    const contents = place.folders.get(folder)!
    const name = about === creating ? newFile() : anyOf(contents)
    if (name === undefined) return undefined
    place.inside = folder
    about.after?.(contents, name)
    return {
      text: draws.pick(about.say)(`${folder}/${name}`),
      calls: [call("cd", { folder }), about.call(name)],
      tool: about.tool,
      trap: "path",
      vague: { text: about.vague, reply: `I mean ${folder}/${name}.` }
    }
  }

  /** A file of the parent directory, named as if it were here. */
  const elsewhere = (about: AboutFile): Offer => () => {
    if (place.inside === undefined || about === creating) return undefined
    const name = anyOf(place.home)
    if (name === undefined) return undefined
    place.inside = undefined
    about.after?.(place.home, name)
    return {
      text: draws.pick(about.say)(name),
      calls: [call("cd", { folder: ".." }), about.call(name)],
      tool: about.tool,
      trap: "elsewhere"
    }
  }

  const others: ReadonlyArray<Offer> = [
    (): Request => ({
      text: draws.pick(["What is in this folder?", "List the files here."]),
      calls: [call("ls")],
      tool: "ls"
    }),
    () => {
      if (place.inside !== undefined) {
        place.inside = undefined
        return {
          text: draws.pick(["Go back up.", "Leave this folder."]),
          calls: [call("cd", { folder: ".." })],
          tool: "cd"
        }
      }
      const folder = draws.pick([...place.folders.keys()])
      place.inside = folder
      return {
        text: draws.pick([`Go to ${folder}.`, `Open the folder ${folder}.`]),
        calls: [call("cd", { folder })],
        tool: "cd",
        vague: { text: "Go to another folder.", reply: `I mean ${folder}.` }
      }
    },
    () => {
      if (place.inside !== undefined) return undefined
      const folder = draws.pick(folders.filter((name) => !place.folders.has(name)))
      place.folders.set(folder, new Map())
      return {
        text: draws.pick([`Make a folder ${folder}.`, `I need a new folder called ${folder}.`]),
        calls: [call("mkdir", { dir_name: folder })],
        tool: "mkdir",
        vague: { text: "Make a new folder for me.", reply: `Call it ${folder}.` }
      }
    },
    ...(["mv", "cp"] as const).map((tool): Offer => () => {
      if (place.inside !== undefined) return undefined
      const name = anyOf(place.home)
      const folder = draws.pick([...place.folders.keys()])
      const contents = place.folders.get(folder)!
      if (name === undefined || contents.has(name)) return undefined
      contents.set(name, place.home.get(name)!)
      if (tool === "mv") place.home.delete(name)
      const say = tool === "mv"
        ? [`Move ${name} to ${folder}.`, `Put ${name} into ${folder}.`]
        : [`Copy ${name} to ${folder}.`, `Leave a copy of ${name} in ${folder}.`]
      return {
        text: draws.pick(say),
        calls: [call(tool, { source: name, destination: folder })],
        tool,
        vague: {
          text: tool === "mv" ? `Move ${name} to a folder.` : `Copy ${name} to a folder.`,
          reply: `I mean ${folder}.`
        }
      }
    }),
    () => {
      const name = anyOf(here())
      if (name === undefined) return undefined
      const renamed = newFile()
      here().set(renamed, here().get(name)!)
      here().delete(name)
      return {
        text: draws.pick([`Rename ${name} to ${renamed}.`, `Call ${name} ${renamed} from now on.`]),
        calls: [call("mv", { source: name, destination: renamed })],
        tool: "mv",
        vague: { text: `Give ${name} another name.`, reply: `Call it ${renamed}.` }
      }
    },
    () => {
      const name = anyOf(here())
      if (name === undefined) return undefined
      const content = draws.pick(texts)
      here().set(name, content)
      return {
        text: draws.pick([`Write ${content} into ${name}.`, `Make ${name} say ${content}.`]),
        calls: [call("echo", { content, file_name: name })],
        tool: "echo",
        vague: { text: `Write something into ${name}.`, reply: `It should say ${content}.` }
      }
    }
  ]

  return world(
    draws,
    config,
    [...abouts.map(plainly), ...(extras ? others : [])],
    [...abouts.map(byPath), ...abouts.map(elsewhere)]
  )
}

export const theme: Theme = {
  toolset: "GorillaFileSystem",
  tools: ["ls", "cd", "cat", "touch", "mkdir", "rm", "mv", "cp", "echo"],
  unseenTools: unseen.map(({ tool }) => tool),
  open: (draws) => open(draws, [showing, deleting, creating], true),
  openUnseen: (draws) => open(draws, unseen, false)
}
