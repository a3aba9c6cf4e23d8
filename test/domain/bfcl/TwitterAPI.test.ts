import { assert, describe, it } from "@effect/vitest"
import { Shared } from "../../../src/domain/bfcl/Shared.ts"
import { TwitterAPI } from "../../../src/domain/bfcl/TwitterAPI.ts"
import { loads } from "../../../src/domain/python/Json.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { caller, open } from "./calls.ts"

/** An authenticated account with one tweet. */
const account = (settings: string = "{}") => {
  const config = loads(
    "{\"authenticated\": true, \"tweet_counter\": 1, \"tweets\": {\"0\": {\"id\": 0, \"username\": \"ann\", \"content\": "
      + "\"Sunny DAY\", \"tags\": [\"#Sun\"], \"mentions\": []}}}"
  )
  const more = loads(settings)
  if (!(config instanceof Dict && more instanceof Dict)) throw new RangeError("a configuration is a dictionary")
  return open(TwitterAPI, Dict.from([...config.entries(), ...more.entries()]))
}

const instance = (shared?: Shared) =>
  caller(TwitterAPI, TwitterAPI.load(Dict.of({ authenticated: true }), undefined, shared))

/** The mentions of a tweet that is posted without any. */
const mentioned = (call: ReturnType<typeof instance>): string | undefined =>
  /'mentions': (\[.*?\])/.exec(call("post_tweet", { content: "x" }).returned ?? "")?.[1]

/** The same for an instance, after another one has mentioned somebody. */
const mentionedElsewhere = (shared?: Shared): string | undefined => {
  const other = instance(shared)
  other("post_tweet", { content: "x" })
  other("mention", { tweet_id: 0n, mentioned_usernames: ["@bob"] })
  return mentioned(instance(shared))
}

describe("TwitterAPI", () => {
  it("asks for authentication where something is written in the account's name, and not for a mention", () => {
    const { call } = account("{\"authenticated\": false}")
    const deeds: ReadonlyArray<readonly [tool: string, deed: string, args: Readonly<Record<string, Value>>]> = [
      ["post_tweet", "posting", { content: "x" }],
      ["retweet", "retweeting", { tweet_id: 0n }],
      ["comment", "commenting", { tweet_id: 0n, comment_content: "x" }],
      ["follow_user", "following", { username_to_follow: "x" }],
      ["unfollow_user", "unfollowing", { username_to_unfollow: "x" }],
      ["list_all_following", "listing following", {}]
    ]
    for (const [tool, deed, args] of deeds) {
      const { failure, returned } = call(tool, args)
      assert.strictEqual(returned, `{'error': 'User not authenticated. Please authenticate before ${deed}.'}`)
      assert.strictEqual(failure?.needs, "authentication")
    }
    assert.strictEqual(
      call("mention", { tweet_id: 0n, mentioned_usernames: ["@bob"] }).returned,
      "{'mention_status': 'Users mentioned successfully'}"
    )
  })

  it("says which credential is wrong, and stays signed in", () => {
    const { call } = account()
    const { failure, returned } = call("authenticate_twitter", { username: "john", password: "no" })
    assert.strictEqual(returned, "{'authentication_status': False}")
    assert.deepStrictEqual(failure?.subject, { argument: "password", value: "no" })
    assert.strictEqual(call("authenticate_twitter", { username: "ann", password: "no" }).failure?.needs, "username")
    assert.strictEqual(call("posting_get_login_status").returned, "{'login_status': True}")
    assert.strictEqual(
      call("authenticate_twitter", { username: "john", password: "john123" }).returned,
      "{'authentication_status': True}"
    )
  })

  it("finds a tweet by any number that equals its id, and quotes the number as given", () => {
    const { call } = account()
    assert.strictEqual(call("get_tweet", { tweet_id: 0 }).failure, undefined)
    assert.strictEqual(call("get_tweet", { tweet_id: false }).failure, undefined)
    assert.strictEqual(call("get_tweet", { tweet_id: 1 }).returned, "{'error': 'Tweet with ID 1.0 not found.'}")
    assert.strictEqual(call("get_tweet", { tweet_id: "0" }).failure?.needs, "tweet_id")
    assert.strictEqual(call("get_tweet", { tweet_id: [] }).raised, "unhashable type: 'list'")
  })

  it("does not find the comments of its configuration, whose keys are texts", () => {
    const { call, state } = account("{\"comments\": {\"0\": [{\"username\": \"bob\", \"content\": \"old\"}]}}")
    const comments = () => call("get_tweet_comments", { tweet_id: 0n }).returned
    assert.strictEqual(comments(), "[]")
    call("comment", { tweet_id: 0n, comment_content: "new" })
    assert.strictEqual(comments(), "[{'username': 'john', 'content': 'new'}]")
    assert.strictEqual(
      repr(state.comments),
      "{'0': [{'username': 'bob', 'content': 'old'}], 0: [{'username': 'john', 'content': 'new'}]}"
    )
  })

  it("retweets, follows and unfollows once", () => {
    const { call } = account()
    const twice = (tool: string, args: Readonly<Record<string, Value>>) => [call(tool, args), call(tool, args)]
    const [first, again] = twice("retweet", { tweet_id: 0n })
    assert.strictEqual(first?.returned, "{'retweet_status': 'Successfully retweeted'}")
    assert.strictEqual(again?.returned, "{'retweet_status': 'Already retweeted'}")
    assert.strictEqual(again?.failure?.kind, "already_done")
    const kinds = (tool: string, args: Readonly<Record<string, Value>>) => twice(tool, args).map((c) => c.failure?.kind)
    assert.deepStrictEqual(kinds("follow_user", { username_to_follow: "carol" }), [undefined, "already_done"])
    assert.deepStrictEqual(kinds("unfollow_user", { username_to_unfollow: "carol" }), [undefined, "not_found"])
    assert.strictEqual(call("list_all_following").returned, "{'following_list': ['alice', 'bob']}")
    assert.strictEqual(
      call("get_user_stats", { username: "john" }).returned,
      "{'tweet_count': 0, 'following_count': 2, 'retweet_count': 1}"
    )
    assert.strictEqual(
      call("get_user_stats", { username: "ann" }).returned,
      "{'tweet_count': 1, 'following_count': 0, 'retweet_count': 0}"
    )
  })

  it("searches contents and whole tags without regard to case", () => {
    const { call } = account()
    const found = (keyword: string) => call("search_tweets", { keyword }).returned !== "[]"
    assert.deepStrictEqual(["sunny", "#SUN", "#su", "rain"].map(found), [true, true, false, false])
    assert.strictEqual(call("search_tweets", { keyword: 3n }).raised, "'int' object has no attribute 'lower'")
  })

  it("takes a text of mentions apart", () => {
    const { call } = account()
    call("mention", { tweet_id: 0n, mentioned_usernames: "@é" })
    assert.include(call("get_tweet", { tweet_id: 0n }).returned, "'mentions': ['@', 'é']")
  })

  it("has one list for all mentions that are not given, as Python's default is one object", () => {
    const { call } = account()
    assert.strictEqual(mentioned(call), "[]")
    call("mention", { tweet_id: 1n, mentioned_usernames: ["@bob"] })
    assert.strictEqual(mentioned(call), "['@bob']")
    call("post_tweet", { content: "x", mentions: [] })
    call("mention", { tweet_id: 3n, mentioned_usernames: ["@carol"] })
    assert.strictEqual(mentioned(call), "['@bob']", "a list that was given is the tweet's own")
  })

  it("shares that list with other instances only when asked to", () => {
    assert.strictEqual(mentionedElsewhere(), "[]")
    assert.strictEqual(mentionedElsewhere(new Shared()), "['@bob']")
  })

  it("refuses a configuration that Python could not load", () => {
    assert.throws(() => account("{\"tweets\": {\"first\": {}}}"))
    assert.throws(() => account("{\"tweets\": []}"))
  })
})
