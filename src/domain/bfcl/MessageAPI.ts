/**
 * BFCL's workspace messenger: users, one signed-in user at a time, and the messages that were sent (called `inbox`).
 *
 * The original checks no argument's type; see GorillaFileSystem for what follows from that.
 */
import { exceeded } from "../python/Limits.ts"
import { lowered } from "../python/Methods.ts"
import { add } from "../python/Number.ts"
import { PythonError } from "../python/PythonError.ts"
import { Random } from "../python/Random.ts"
import { PySet } from "../python/Set.ts"
import { str } from "../python/Text.ts"
import { attributeError, contains, deepCopy, Dict, equals, truthy, type Value } from "../python/Value.ts"
import * as Attributes from "./Attributes.ts"
import { failed, type Failure, settings, type Tool, type Toolset } from "./Toolset.ts"

/** Python's attributes under their own names. A value has the type that the configuration or a call gave it. */
export interface State {
  readonly _random: Random
  readonly generated_ids: Value
  user_count: Value
  /** Name -> user id. */
  readonly user_map: Dict
  /** Messages in the order they were sent, each a dictionary whose first entry is receiver -> text. */
  readonly inbox: Array<Value>
  message_count: Value
  current_user: Value
}

const load = (config: Value): State => {
  const configured = settings(config)
  const users = configured(
    "user_map",
    Dict.of({ Alice: "USR001", Bob: "USR002", Catherine: "USR003", Daniel: "USR004" })
  )
  const inbox = configured("inbox", [
    Dict.of({ USR002: "My name is Alice. I want to connect." }),
    Dict.of({ USR003: "Could you upload the file?" }),
    Dict.of({ USR004: "Could you upload the file?" })
  ])
  if (!(users instanceof Dict)) throw attributeError(users, "values")
  if (!Array.isArray(inbox)) throw attributeError(inbox, "append")
  return {
    _random: Random.seeded(configured("random_seed", 200191n)),
    generated_ids: configured("generated_ids", new PySet()),
    user_count: configured("user_count", 4n),
    user_map: users,
    inbox,
    message_count: configured("message_count", 3n),
    current_user: configured("current_user", null)
  }
}

const unknownReceiver = (receiver: Value, error: string, needs: string): Failure =>
  failed("not_found", { argument: "receiver_id", value: receiver }, { error }, needs)

/** A tool that only a signed-in user may call. */
const forSignedIn = (tool: Tool<State>): Tool<State> => ({
  ...tool,
  failures: ["precondition", ...tool.failures],
  run: (state, ...given) =>
    truthy(state.current_user)
      ? tool.run(state, ...given)
      : failed("precondition", {}, { error: "No user is currently logged in." }, "message_login")
})

const isUserId = ({ user_map }: State, id: Value): boolean => {
  for (const [, known] of user_map.view()) if (equals(known, id)) return true
  return false
}

/** `list(message.items())[0]`. */
const receiverAndText = (message: Value): readonly [receiver: Value, text: Value] => {
  if (!(message instanceof Dict)) throw attributeError(message, "items")
  const entry = message.first()
  if (entry !== undefined) return entry
  throw new PythonError("IndexError", "list index out of range")
}

const listUsers: Tool<State> = {
  name: "list_users",
  parameters: [],
  failures: [],
  run: (state) => Dict.of({ user_list: [...state.user_map.keys()] })
}

const getUserId: Tool<State> = {
  name: "get_user_id",
  parameters: [{ name: "user" }],
  failures: ["not_found"],
  run: (state, user) => {
    if (!state.user_map.has(user)) {
      return failed(
        "not_found",
        { argument: "user", value: user },
        { error: `User '${str(user)}' not found in the workspace.` },
        "user"
      )
    }
    return Dict.of({ user_id: state.user_map.get(user)! })
  }
}

const messageLogin: Tool<State> = {
  name: "message_login",
  parameters: [{ name: "user_id" }],
  failures: ["not_found"],
  run: (state, id) => {
    if (!isUserId(state, id)) {
      return failed(
        "not_found",
        { argument: "user_id", value: id },
        { login_status: false, message: `User ID '${str(id)}' not found.` },
        "user_id"
      )
    }
    state.current_user = id
    return Dict.of({ login_status: true, message: `User '${str(id)}' logged in successfully.` })
  }
}

const messageGetLoginStatus: Tool<State> = {
  name: "message_get_login_status",
  parameters: [],
  failures: [],
  run: (state) => Dict.of({ login_status: truthy(state.current_user) })
}

/** Draws of one message. The original draws for ever when every one of its 90 000 ids is taken. */
const maximumDraws = 10_000

/** A message id that was not drawn before. */
const drawMessageId = (state: State): bigint => {
  for (let draws = 0; draws < maximumDraws; draws++) {
    const id = BigInt(state._random.randint(10_000, 99_999))
    if (contains(state.generated_ids, id)) continue
    if (!(state.generated_ids instanceof PySet)) throw attributeError(state.generated_ids, "add")
    state.generated_ids.add(id)
    return id
  }
  throw exceeded("the message needs more draws of an id", maximumDraws, "makes")
}

const sendMessage: Tool<State> = forSignedIn({
  name: "send_message",
  parameters: [{ name: "receiver_id" }, { name: "message" }],
  failures: ["not_found"],
  run: (state, receiver, message) => {
    if (!isUserId(state, receiver)) {
      return unknownReceiver(receiver, `Receiver ID '${str(receiver)}' not found.`, "user_id")
    }
    const id = drawMessageId(state)
    state.inbox.push(Dict.from([[receiver, message]]))
    state.message_count = add(state.message_count, 1n, "+=")
    return Dict.of({
      sent_status: true,
      message_id: Dict.of({ new_id: id }),
      message: `Message sent to '${str(receiver)}' successfully.`
    })
  }
})

const deleteMessage: Tool<State> = forSignedIn({
  name: "delete_message",
  parameters: [{ name: "receiver_id" }],
  failures: ["not_found"],
  run: (state, receiver) => {
    const newest = state.inbox.findLast((message) => equals(receiverAndText(message)[0], receiver))
    if (newest === undefined) {
      const needs = isUserId(state, receiver) ? "receiver_of_a_sent_message" : "user_id"
      return unknownReceiver(receiver, `Receiver ID ${str(receiver)} not found.`, needs)
    }
    // `list.remove` goes by equality, so of several equal messages the oldest goes.
    state.inbox.splice(state.inbox.findIndex((message) => equals(message, newest)), 1)
    return Dict.of({
      deleted_status: true,
      receiver_id: receiver,
      message: `Receiver ${str(receiver)}'s latest message deleted successfully.`
    })
  }
})

const viewMessagesSent: Tool<State> = forSignedIn({
  name: "view_messages_sent",
  parameters: [],
  failures: [],
  run: (state) => {
    const sent = new Dict()
    for (const message of state.inbox) {
      const [receiver, text] = receiverAndText(message)
      const texts = sent.get(receiver)
      if (Array.isArray(texts)) texts.push(text)
      else sent.set(receiver, [text])
    }
    return Dict.of({ messages: sent })
  }
})

const addContact: Tool<State> = {
  name: "add_contact",
  parameters: [{ name: "user_name" }],
  failures: ["already_exists"],
  run: (state, name) => {
    if (state.user_map.has(name)) {
      return failed(
        "already_exists",
        { argument: "user_name", value: name },
        { error: `User name '${str(name)}' already exists.` }
      )
    }
    state.user_count = add(state.user_count, 1n, "+=")
    const id = `USR${str(state.user_count).padStart(3, "0")}`
    if (isUserId(state, id)) {
      // The next id has been counted up to, so that the same call comes to another one.
      const subject = { argument: "user_id", value: id, user_name: name }
      return failed("already_exists", subject, { error: `User ID '${id}' already exists.` }, "free_user_id")
    }
    state.user_map.set(name, id)
    return Dict.of({ added_status: true, user_id: id, message: `Contact '${str(name)}' added successfully.` })
  }
}

const searchMessages: Tool<State> = forSignedIn({
  name: "search_messages",
  parameters: [{ name: "keyword" }],
  failures: [],
  run: (state, keyword) => {
    const wanted = lowered(keyword)
    const results = state.inbox.flatMap((message) => {
      const [receiver, text] = receiverAndText(message)
      return lowered(text).includes(wanted) ? [Dict.of({ receiver_id: receiver, message: text })] : []
    })
    return Dict.of({ results })
  }
})

const getMessageStats: Tool<State> = forSignedIn({
  name: "get_message_stats",
  parameters: [],
  failures: [],
  run: (state) => {
    const contacts = new Dict()
    for (const message of state.inbox) contacts.set(receiverAndText(message)[0], null)
    const stats = Dict.of({ received_count: BigInt(state.inbox.length), total_contacts: BigInt(contacts.size) })
    return Dict.of({ stats })
  }
})

export const MessageAPI: Toolset<State> = {
  name: "MessageAPI",
  tools: [
    listUsers,
    getUserId,
    messageLogin,
    messageGetLoginStatus,
    sendMessage,
    deleteMessage,
    viewMessagesSent,
    addContact,
    searchMessages,
    getMessageStats
  ],
  load,
  ...Attributes.named(
    (state: State) => ({
      ...state,
      _random: state._random.deepCopy(),
      generated_ids: deepCopy(state.generated_ids),
      user_map: state.user_map.deepCopy(),
      inbox: state.inbox.map(deepCopy)
    }),
    "_random",
    "generated_ids",
    "user_count",
    "user_map",
    "inbox",
    "message_count",
    "current_user"
  ),
  providers: {
    /** A user's name. */
    user: [{ tool: "list_users" }],
    user_id: [{ tool: "get_user_id", from: { user: "value" } }, { tool: "list_users" }],
    receiver_of_a_sent_message: [{ tool: "view_messages_sent" }],
    free_user_id: [{ tool: "add_contact", from: { user_name: "user_name" } }],
    message_login: [{ tool: "message_login" }]
  }
}
