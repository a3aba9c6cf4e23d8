/**
 * BFCL's Twitter: one account to sign in to, tweets, comments, retweets, and whom the account follows.
 *
 * The original checks no argument's type; see GorillaFileSystem for what follows from that. It keys tweets by integers
 * and a configuration's comments by texts, so that no tool finds a comment that was there from the start.
 */
import { lowered } from "../python/Methods.ts"
import { add, toInt } from "../python/Number.ts"
import { item } from "../python/Subscript.ts"
import { str } from "../python/Text.ts"
import {
  attributeError,
  contains,
  deepCopy,
  Dict,
  equals,
  Instance,
  iterate,
  truthy,
  type Value
} from "../python/Value.ts"
import * as Attributes from "./Attributes.ts"
import { Shared } from "./Shared.ts"
import { failed, type Failure, settings, type Tool, type Toolset } from "./Toolset.ts"

/** Python's attributes under their own names. A value has the type that the configuration or a call gave it. */
export interface State {
  readonly username: Value
  readonly password: Value
  authenticated: Value
  /** Id -> tweet. */
  readonly tweets: Dict
  /** Id of a tweet -> its comments. */
  readonly comments: Dict
  /** User -> ids of the tweets that they retweeted. */
  readonly retweets: Dict
  readonly following_list: Value
  tweet_counter: Value
  readonly shared: Shared
}

const load = (config: Value, _longContext: unknown, shared = new Shared()): State => {
  const configured = settings(config)
  const table = (key: string): Dict => {
    const value = configured(key, new Dict())
    if (value instanceof Dict) return value
    throw attributeError(value, "items")
  }
  return {
    username: configured("username", "john"),
    password: configured("password", "john123"),
    authenticated: configured("authenticated", false),
    tweets: Dict.from(Array.from(table("tweets").entries(), ([id, tweet]) => [toInt(id), tweet])),
    comments: table("comments"),
    retweets: table("retweets"),
    following_list: configured("following_list", ["alice", "bob"]),
    tweet_counter: configured("tweet_counter", 0n),
    shared
  }
}

/** A tool that only an authenticated account may call; `deed` is what it says it would do. */
const forAuthenticated = (deed: string, tool: Tool<State>): Tool<State> => ({
  ...tool,
  failures: ["precondition", ...tool.failures],
  run: (state, ...given) =>
    truthy(state.authenticated)
      ? tool.run(state, ...given)
      : failed(
        "precondition",
        {},
        { error: `User not authenticated. Please authenticate before ${deed}.` },
        "authentication"
      )
})

/** A tool whose first argument is the id of a tweet that there has to be. */
const onTweet = (
  tool: Omit<Tool<State>, "run"> & {
    readonly run: (state: State, tweet: Value, ...given: ReadonlyArray<Value>) => Value | Failure
  }
): Tool<State> => ({
  ...tool,
  failures: ["not_found", ...tool.failures],
  run: (state, id, ...given) => {
    const tweet = state.tweets.get(id)
    return tweet === undefined
      ? failed(
        "not_found",
        { argument: "tweet_id", value: id },
        { error: `Tweet with ID ${str(id)} not found.` },
        "tweet_id"
      )
      : tool.run(state, tweet, id, ...given)
  }
})

/** The list in a table under that key, made where there is none. */
const listUnder = (table: Dict, key: Value): Value => {
  const found = table.get(key)
  if (found !== undefined) return found
  const made: Value = []
  table.set(key, made)
  return made
}

/** The list of that value, to be changed by the method of that name. */
const listFor = (method: string, value: Value): Array<Value> => {
  if (Array.isArray(value)) return value
  throw attributeError(value, method)
}

const authenticateTwitter: Tool<State> = {
  name: "authenticate_twitter",
  parameters: [{ name: "username" }, { name: "password" }],
  failures: ["invalid_credential"],
  run: (state, username, password) => {
    const wrong = !equals(username, state.username)
      ? { argument: "username", value: username }
      : !equals(password, state.password)
      ? { argument: "password", value: password }
      : undefined
    if (wrong !== undefined) {
      return failed("invalid_credential", wrong, { authentication_status: false }, wrong.argument)
    }
    state.authenticated = true
    return Dict.of({ authentication_status: true })
  }
}

const postingGetLoginStatus: Tool<State> = {
  name: "posting_get_login_status",
  parameters: [],
  failures: [],
  run: (state) => Dict.of({ login_status: truthy(state.authenticated) })
}

/** A list that is not given. The original has one for its whole process, see Shared. */
const omitted: Instance = new (class OmittedList extends Instance {
  readonly typeName = "list"
  repr(): string {
    return "[]"
  }
})()

const postTweet = forAuthenticated("posting", {
  name: "post_tweet",
  parameters: [{ name: "content" }, { name: "tags", default: omitted }, { name: "mentions", default: omitted }],
  failures: [],
  run: (state, content, tags, mentions) => {
    const id = state.tweet_counter
    const tweet = Dict.of({
      id,
      username: state.username,
      content,
      tags: tags === omitted ? state.shared.tags : tags,
      mentions: mentions === omitted ? state.shared.mentions : mentions
    })
    state.tweets.set(id, tweet)
    state.tweet_counter = add(id, 1n, "+=")
    return tweet
  }
})

const retweet = forAuthenticated(
  "retweeting",
  onTweet({
    name: "retweet",
    parameters: [{ name: "tweet_id" }],
    failures: ["already_done"],
    run: (state, _tweet, id) => {
      const ids = listUnder(state.retweets, state.username)
      if (contains(ids, id)) {
        return failed("already_done", { argument: "tweet_id", value: id }, { retweet_status: "Already retweeted" })
      }
      listFor("append", ids).push(id)
      return Dict.of({ retweet_status: "Successfully retweeted" })
    }
  })
)

const comment = forAuthenticated(
  "commenting",
  onTweet({
    name: "comment",
    parameters: [{ name: "tweet_id" }, { name: "comment_content" }],
    failures: [],
    run: (state, _tweet, id, content) => {
      listFor("append", listUnder(state.comments, id)).push(Dict.of({ username: state.username, content }))
      return Dict.of({ comment_status: "Comment added successfully" })
    }
  })
)

const mention = onTweet({
  name: "mention",
  parameters: [{ name: "tweet_id" }, { name: "mentioned_usernames" }],
  failures: [],
  run: (_state, tweet, _id, usernames) => {
    // A text is a list of its characters to Python.
    const mentions = listFor("extend", item(tweet, "mentions"))
    mentions.push(...iterate(usernames))
    return Dict.of({ mention_status: "Users mentioned successfully" })
  }
})

const followUser = forAuthenticated("following", {
  name: "follow_user",
  parameters: [{ name: "username_to_follow" }],
  failures: ["already_done"],
  run: (state, username) => {
    if (contains(state.following_list, username)) {
      return failed("already_done", { argument: "username_to_follow", value: username }, { follow_status: false })
    }
    listFor("append", state.following_list).push(username)
    return Dict.of({ follow_status: true })
  }
})

const listAllFollowing = forAuthenticated("listing following", {
  name: "list_all_following",
  parameters: [],
  failures: [],
  run: (state) => Dict.of({ following_list: state.following_list })
})

const unfollowUser = forAuthenticated("unfollowing", {
  name: "unfollow_user",
  parameters: [{ name: "username_to_unfollow" }],
  failures: ["not_found"],
  run: (state, username) => {
    if (!contains(state.following_list, username)) {
      const subject = { argument: "username_to_unfollow", value: username }
      return failed("not_found", subject, { unfollow_status: false }, "followed_user")
    }
    const following = listFor("remove", state.following_list)
    following.splice(following.findIndex((user) => equals(user, username)), 1)
    return Dict.of({ unfollow_status: true })
  }
})

const getTweet = onTweet({
  name: "get_tweet",
  parameters: [{ name: "tweet_id" }],
  failures: [],
  run: (_state, tweet) => tweet
})

const tweetsOf = (state: State, username: Value): Array<Value> =>
  [...state.tweets.values()].filter((tweet) => equals(item(tweet, "username"), username))

const getUserTweets: Tool<State> = {
  name: "get_user_tweets",
  parameters: [{ name: "username" }],
  failures: [],
  run: (state, username) => tweetsOf(state, username)
}

const searchTweets: Tool<State> = {
  name: "search_tweets",
  parameters: [{ name: "keyword" }],
  failures: [],
  run: (state, keyword) =>
    [...state.tweets.values()].filter((tweet) => {
      const wanted = lowered(keyword)
      return lowered(item(tweet, "content")).includes(wanted)
        || Array.from(iterate(item(tweet, "tags")), lowered).includes(wanted)
    })
}

const getTweetComments = onTweet({
  name: "get_tweet_comments",
  parameters: [{ name: "tweet_id" }],
  failures: [],
  run: (state, _tweet, id) => state.comments.get(id) ?? []
})

const lengthOf = (value: Value): bigint => BigInt([...iterate(value)].length)

const getUserStats: Tool<State> = {
  name: "get_user_stats",
  parameters: [{ name: "username" }],
  failures: [],
  run: (state, username) =>
    Dict.of({
      tweet_count: BigInt(tweetsOf(state, username).length),
      following_count: equals(username, state.username) ? lengthOf(state.following_list) : 0n,
      retweet_count: lengthOf(state.retweets.get(username) ?? [])
    })
}

export const TwitterAPI: Toolset<State> = {
  name: "TwitterAPI",
  tools: [
    authenticateTwitter,
    postingGetLoginStatus,
    postTweet,
    retweet,
    comment,
    mention,
    followUser,
    listAllFollowing,
    unfollowUser,
    getTweet,
    getUserTweets,
    searchTweets,
    getTweetComments,
    getUserStats
  ],
  load,
  ...Attributes.named(
    (state: State) => ({
      ...state,
      tweets: state.tweets.deepCopy(),
      comments: state.comments.deepCopy(),
      retweets: state.retweets.deepCopy(),
      following_list: deepCopy(state.following_list),
      shared: new Shared()
    }),
    "username",
    "password",
    "authenticated",
    "tweets",
    "comments",
    "retweets",
    "following_list",
    "tweet_counter"
  ),
  providers: {
    authentication: [{ tool: "authenticate_twitter" }],
    followed_user: [{ tool: "list_all_following" }],
    tweet_id: [{ tool: "get_user_tweets" }, { tool: "search_tweets" }]
  }
}
