/** Drills over MessageAPI: a workspace in which somebody may not be logged in yet. */
import type { Draws } from "../Seed.ts"
import { type Offer, type Request, type Theme, world } from "./Story.ts"
import { people, quoted, texts, userIds } from "./Words.ts"

interface Workspace {
  /** Name -> id. */
  readonly users: Map<string, string>
  readonly me: string
  loggedIn: boolean
}

const build = (draws: Draws): Workspace => {
  const names = draws.sample(people, 4)
  const users = new Map(names.map((name, i) => [name, userIds[i]!]))
  return { users, me: draws.pick([...users.values()]), loggedIn: draws.chance(0.5) }
}

const configOf = (workspace: Workspace, inbox: ReadonlyArray<readonly [string, string]>): string =>
  JSON.stringify({
    user_count: workspace.users.size,
    user_map: Object.fromEntries(workspace.users),
    inbox: inbox.map(([id, text]) => ({ [id]: text })),
    message_count: inbox.length,
    current_user: workspace.loggedIn ? workspace.me : null
  })

const open = (draws: Draws, offersOf: (space: Space) => readonly [ReadonlyArray<Offer>, ReadonlyArray<Offer>]) => {
  const workspace = build(draws)
  const others = [...workspace.users].filter(([, id]) => id !== workspace.me)
  const inbox = draws.sample(others, 2).map(([, id]) => [id, draws.pick(texts)] as const)
  const [plain, trapped] = offersOf({ draws, workspace, inbox })
  return world(draws, configOf(workspace, inbox), plain, trapped)
}

interface Space {
  readonly draws: Draws
  readonly workspace: Workspace
  readonly inbox: ReadonlyArray<readonly [string, string]>
}

/** A request that needs a login; without one it says who is asking, and that is the trap. */
const asUser = (
  { workspace }: Space,
  trapped: boolean,
  request: () => Request | undefined
): Request | undefined => {
  if (workspace.loggedIn === trapped) return undefined
  const wanted = request()
  if (wanted === undefined || !trapped) return wanted
  workspace.loggedIn = true
  return {
    ...wanted,
    text: `This is ${workspace.me}. ${wanted.text}`,
    calls: [`message_login(user_id=${quoted(workspace.me)})`, ...wanted.calls],
    trap: "login",
    ...(wanted.vague && { vague: { text: `This is ${workspace.me}. ${wanted.vague.text}`, reply: wanted.vague.reply } })
  }
}

const offers = (space: Space): readonly [ReadonlyArray<Offer>, ReadonlyArray<Offer>] => {
  const { draws, workspace } = space
  const somebody = (): readonly [string, string] =>
    draws.pick([...workspace.users].filter(([, id]) => id !== workspace.me))
  const sending = (): Request => {
    const [, id] = somebody()
    const text = draws.pick(texts)
    return {
      text: draws.pick([`Send ${text} to ${id}.`, `Write ${text} to ${id}.`]),
      calls: [`send_message(receiver_id=${quoted(id)}, message=${quoted(text)})`],
      tool: "send_message",
      vague: { text: `Send ${text} to somebody.`, reply: `I mean ${id}.` }
    }
  }
  const sendingByName = (): Request => {
    const [name, id] = somebody()
    const text = draws.pick(texts)
    return {
      text: draws.pick([`Send ${text} to ${name}.`, `Let ${name} know: ${text}.`]),
      calls: [
        `get_user_id(user=${quoted(name)})`,
        `send_message(receiver_id=${quoted(id)}, message=${quoted(text)})`
      ],
      tool: "send_message",
      trap: "name"
    }
  }
  const viewing = (): Request => ({
    text: draws.pick(["Show the messages I sent.", "What have I sent so far?"]),
    calls: ["view_messages_sent()"],
    tool: "view_messages_sent"
  })
  const searching = (): Request => {
    const keyword = draws.pick([...space.inbox.map(([, text]) => text), draws.pick(texts)])
    return {
      text: draws.pick([`Search my messages for ${keyword}.`, `Find messages that say ${keyword}.`]),
      calls: [`search_messages(keyword=${quoted(keyword)})`],
      tool: "search_messages",
      vague: { text: "Search my messages.", reply: `Look for ${keyword}.` }
    }
  }
  const plain: ReadonlyArray<Offer> = [
    () => asUser(space, false, sending),
    () => asUser(space, false, viewing),
    () => asUser(space, false, searching),
    () => {
      if (workspace.loggedIn) return undefined
      workspace.loggedIn = true
      return {
        text: draws.pick([`Log me in as ${workspace.me}.`, `Sign in for me, I am ${workspace.me}.`]),
        calls: [`message_login(user_id=${quoted(workspace.me)})`],
        tool: "message_login",
        vague: { text: "Log me in.", reply: `I am ${workspace.me}.` }
      }
    },
    (): Request => ({
      text: draws.pick(["Who is in the workspace?", "List the users."]),
      calls: ["list_users()"],
      tool: "list_users"
    }),
    (): Request => {
      const [name] = somebody()
      return {
        text: draws.pick([`What is the id of ${name}?`, `Look up the id of ${name}.`]),
        calls: [`get_user_id(user=${quoted(name)})`],
        tool: "get_user_id",
        vague: { text: "Look up an id for me.", reply: `I mean ${name}.` }
      }
    },
    () => {
      const name = draws.pick(people.filter((person) => !workspace.users.has(person)))
      const id = userIds[workspace.users.size]
      if (id === undefined) return undefined
      workspace.users.set(name, id)
      return {
        text: draws.pick([`Add ${name} to my contacts.`, `${name} is new here, add a contact.`]),
        calls: [`add_contact(user_name=${quoted(name)})`],
        tool: "add_contact",
        vague: { text: "Add a new contact.", reply: `I mean ${name}.` }
      }
    }
  ]
  const trapped: ReadonlyArray<Offer> = [
    () => asUser(space, true, sending),
    () => asUser(space, true, draws.chance(0.5) ? viewing : searching),
    () => asUser(space, false, sendingByName),
    () => asUser(space, false, sendingByName)
  ]
  return [plain, trapped]
}

const unseenOffers = (space: Space): readonly [ReadonlyArray<Offer>, ReadonlyArray<Offer>] => {
  const { draws, workspace } = space
  workspace.loggedIn = true
  const left = new Set(space.inbox.map(([id]) => id))
  return [[
    () => {
      if (left.size === 0) return undefined
      const id = draws.pick([...left])
      left.delete(id)
      return {
        text: `Take back my last message to ${id}.`,
        calls: [`delete_message(receiver_id=${quoted(id)})`],
        tool: "delete_message",
        vague: { text: "Take back my last message.", reply: `I mean ${id}.` }
      }
    },
    (): Request => ({
      text: "How many messages are there?",
      calls: ["get_message_stats()"],
      tool: "get_message_stats"
    }),
    (): Request => ({
      text: "Am I logged in?",
      calls: ["message_get_login_status()"],
      tool: "message_get_login_status"
    })
  ], []]
}

export const theme: Theme = {
  toolset: "MessageAPI",
  tools: [
    "message_login",
    "send_message",
    "view_messages_sent",
    "search_messages",
    "list_users",
    "get_user_id",
    "add_contact"
  ],
  unseenTools: ["delete_message", "get_message_stats", "message_get_login_status"],
  open: (draws) => open(draws, offers),
  openUnseen: (draws) => open(draws, unseenOffers)
}
