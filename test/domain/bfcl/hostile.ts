/**
 * What a model may write at its worst, drawn at random: calls of every tool with arguments that are too deep, too long,
 * too large or no values at all, whole or broken.
 */
import type { RegisteredToolset, ToolInfo } from "../../../src/domain/bfcl/Toolsets.ts"
import type { Draws } from "../../../src/domain/Seed.ts"

const megabyte = 1 << 20

/** Characters that readers treat specially: quotes, escapes, brackets, blanks of all kinds, halves of characters. */
const characters = Array.from(
  "aZ_09.:,;=-+*/%#@!?&|^~<>()[]{}'\"\\ \t\n\r\0\x0c\x7f\x85é\u2028\u200b\ufeff２³🤖\ud800\udc00"
)

/** Lengths up to a megabyte, short ones more often. */
const lengthOf = (draws: Draws): number => Math.floor(2 ** (draws.uniform() * draws.pick([8, 12, 17, 20])))

const repeated = (draws: Draws, part: string): string => part.repeat(Math.ceil(lengthOf(draws) / part.length))

const noise = (draws: Draws): string => Array.from({ length: draws.below(40) }, () => draws.pick(characters)).join("")

/** Parts whose repetition is slow to match, to search or to sort for a careless reader. */
const tiring = [
  "a",
  " ",
  "\\n",
  "1_",
  "a.",
  "a(",
  "(a+)+",
  "/",
  "a/",
  "../",
  "0",
  "é",
  "\u200b",
  "'",
  "\\'",
  "<tool_call>"
]

/** Where brackets and operators go deep, and where they go wide. */
const open = [
  "(",
  "[",
  "{",
  "{1:",
  "[(",
  "f(",
  "f(a=",
  "a[",
  "{'a':[",
  "(lambda:",
  "f'{",
  "-",
  "not ",
  "2**",
  "await ",
  "*"
]
const wide = [
  "1,",
  "a=1,",
  "'a',",
  "1+",
  "1<",
  "1 if 1 else ",
  "a.",
  "1 or ",
  "'a'",
  "f'{1}'",
  "for x in y ",
  "()",
  "[0]",
  ":="
]

/** Expressions for which Python itself would compute until time or memory ends, and some that it refuses. */
const endless = [
  "10**10**10",
  "9**9**9**9",
  "-(7**77777)",
  "1<<10**9",
  "2**65000*3**65000",
  "'a'*10**9",
  "['a']*10**9",
  "('a',)*10**8",
  "[[0]*1000]*1000*1000",
  "'%999999999d'%1",
  "'%*d'%(10**9,1)",
  "'{:>999999999}'.format(1)",
  "'{:{}}'.format(1,10**9)",
  "f'{1:>999999999}'",
  "f'{1.5:.999999999f}'",
  "f'{10**4000:,}'*100",
  "'a'.zfill(10**9)",
  "('a'*60000).replace('a','b'*60000)",
  "('a'*60000).join(['b']*8000)",
  "('a '*30000).split()",
  "sum(range(10**12))",
  "list(range(10**12))",
  "max(range(10**7))",
  "10**6 in range(10**7)",
  "sorted(range(10**6),key=lambda x:-x)",
  "[x for x in range(10**9)]",
  "{x:[x]*9999 for x in range(9999)}",
  "[x for x in range(999) for x in range(999) for x in range(999)]",
  "[(7**8000)*(3**8000) for x in range(10000)]",
  "[('a'*60000).upper() for x in range(10000)]",
  "(lambda f:f(f))(lambda f:f(f))",
  "(lambda x:[x:=x+x for i in range(99)])(['a'])",
  "[(x:=[x,x]) for x in [[1]] for y in range(99)]",
  "str(10**4300)",
  "int('9'*60000)",
  "float('1'*60000)",
  "round(1e308,-400)",
  "round(10**4000,-10**9)",
  "pow(3,10**12,10**4000)",
  "hash('a'*60000)",
  "list(map(str,range(10**9)))",
  "list(zip(range(10**9),range(10**9)))",
  "repr([[]]*8000)*8",
  "eval('1+'*30000+'1')",
  "exec('while True: pass')",
  "__import__('os').system('sleep 99')",
  "open('/dev/zero').read()",
  "input()",
  "compile('('*9999,'','eval')",
  "globals()",
  "().__class__.__bases__[0].__subclasses__()",
  "float('nan')",
  "float('inf')",
  "nan",
  "1e999",
  "-1e-999",
  "0x" + "f".repeat(3000),
  "9".repeat(4300),
  "9".repeat(9999),
  "1" + "0".repeat(4000) + ".5e-4000"
]

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, "\\$&").replaceAll("\n", "\\n")}'`

/** What tools know: names, dates, codes, and how much is asked for. */
const plain = [
  "None",
  "True",
  "0",
  "-1",
  "1.5",
  "10**6",
  "-10**9",
  "10**18",
  "99999999999999999999",
  "''",
  "'.'",
  "'..'",
  "'/'",
  "'a'",
  "'b'",
  "'a/b'",
  "'USD'",
  "'SFO'",
  "'2024-02-30'",
  "'economy'",
  "'START'",
  "[]",
  "{}",
  "[1, 'a', None]",
  "{'a': {'b': [1]}}"
]

/** An argument as Python source. */
const argument = (draws: Draws, tools: ReadonlyArray<ToolInfo>): string => {
  const kind = draws.below(10)
  if (kind < 4) return draws.pick(plain)
  if (kind < 6) return draws.pick(endless)
  if (kind === 6) return quoted(repeated(draws, draws.pick(tiring)))
  if (kind === 7) return quoted(noise(draws))
  if (kind === 8) {
    const part = draws.pick(open)
    const levels = Math.min(lengthOf(draws), megabyte / part.length)
    const closing = Array.from(part).toReversed().map((one) => "([{".includes(one) ? ")]}"["([{".indexOf(one)] : "")
      .join(
        ""
      )
    return part.repeat(levels) + "1" + closing.repeat(levels)
  }
  return draws.chance(0.5) ? `[${repeated(draws, draws.pick(wide))}1]` : pythonCall(draws, tools)
}

const nameOf = (draws: Draws, tools: ReadonlyArray<ToolInfo>): string =>
  draws.chance(0.95)
    ? draws.pick(tools).name
    : draws.pick(["os.remove", "nothing", "print", "a b", "ls.ls", "__class__", noise(draws)])

/** A call as Python source. Calls within calls are rare, and end. */
const pythonCall = (draws: Draws, tools: ReadonlyArray<ToolInfo>): string => {
  const name = nameOf(draws, tools)
  const parameters = tools.find((tool) => tool.name === name)?.parameters ?? []
  const given = parameters.flatMap((parameter) => {
    if (draws.chance(0.1)) return []
    const value = argument(draws, tools)
    return [draws.chance(0.9) ? `${parameter.name}=${value}` : value]
  })
  if (draws.chance(0.05)) given.push(draws.pick(["unknown=1", "*[1,2]", "**{'a':1}", "x for x in y", ")", "="]))
  return `${name}(${given.join(", ")})`
}

/** Directories in themselves and in one another, twice as many with every copy, and walks through them. */
const directories = [
  "mkdir('a')",
  "mkdir('b')",
  "cd('a')",
  "cd('..')",
  "cp('a', 'a')",
  "cp('a', 'b')",
  "cp('b', 'a')",
  "cp('.', 'a')",
  "mv('a', 'a')",
  "mv('a', 'b')",
  "touch('f')",
  "echo('f' * 60000, 'f')",
  "cp('f', 'a')",
  "find()",
  "find('/', 'a')",
  "du()",
  "pwd()",
  "ls(a=True)"
]

/** JSON values that readers stumble over. */
const jsonParts = [
  "null",
  "NaN",
  "-Infinity",
  "1e999",
  "-0.0",
  "1e-999",
  "01",
  "9".repeat(4300),
  "9".repeat(9999),
  "\"\\ud800\"",
  "\"\\u00\"",
  "\"\\x\"",
  "\"\t\"",
  "\"(a+)+$\"",
  "\"%999999999d\"",
  "\"..\"",
  "\"a\"",
  "1000000",
  "[]",
  "{}",
  "{\"a\":1,\"a\":2}",
  "\ufeff1"
]

const jsonValue = (draws: Draws): string => {
  switch (draws.below(5)) {
    case 0:
      return JSON.stringify(repeated(draws, draws.pick(tiring)))
    case 1: {
      const [opening, closing] = draws.pick([["[", "]"], ["{\"a\":", "}"], ["[{\"a\":", "}]"]] as const)
      const levels = Math.min(lengthOf(draws), 100_000)
      return opening.repeat(levels) + "1" + closing.repeat(levels)
    }
    case 2:
      return `[${repeated(draws, draws.pick(["1,", "\"a\",", "[],", "{\"a\":1},"]))}1]`
    default:
      return draws.pick(jsonParts)
  }
}

/** The arguments of a JSON call, as text. */
const jsonArguments = (draws: Draws, tool: ToolInfo | undefined): string => {
  const given = (tool?.parameters ?? []).map(({ name }) => `${JSON.stringify(name)}: ${jsonValue(draws)}`)
  if (draws.chance(0.05)) given.push(`"\\u0028": ${jsonValue(draws)}`)
  return `{${given.join(", ")}}`
}

/** Breaks a text: the end missing, something in the middle missing, doubled or added. */
const broken = (draws: Draws, text: string): string => {
  if (draws.chance(0.6)) return text
  const at = draws.below(Math.min(text.length, 1 << 20) + 1)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  return draws.pick([before, before + noise(draws) + after, before + after.slice(1), before + before, noise(draws)])
}

/** What the model wrote: a call's text, a call of an API, or a message with a call in it in one of three protocols. */
export type Hostile =
  | { readonly form: "text"; readonly call: string }
  | { readonly form: "json"; readonly name: string; readonly arguments: string }
  | { readonly form: "paper" | "prompting" | "qwen"; readonly content: string }

/** Any call of these tool sets. */
export const hostile = (draws: Draws, toolsets: ReadonlyArray<RegisteredToolset>): Hostile => {
  const { tools } = draws.pick(toolsets)
  if (draws.chance(0.1)) return { form: "text", call: draws.pick(directories) }
  const form = draws.pick(["text", "text", "text", "json", "json", "paper", "prompting", "qwen"] as const)
  if (form === "text") return { form, call: broken(draws, pythonCall(draws, tools)) }
  if (form === "prompting") return { form, content: broken(draws, `[${pythonCall(draws, tools)}]`) }
  const name = nameOf(draws, tools)
  const given = jsonArguments(draws, tools.find((tool) => tool.name === name))
  if (form === "json") return { form, name, arguments: broken(draws, given) }
  const call = broken(draws, `{"name": ${JSON.stringify(name)}, "arguments": ${given}}`)
  const content = form === "qwen"
    ? `<tool_call>\n${call}\n</tool_call>`
    : `<think></think>\n<tool_call>\n[${call}]\n</tool_call>`
  return { form, content: broken(draws, content) }
}

/** The same written anew, so that nothing read before is of use. */
export const again = (one: Hostile): Hostile => {
  switch (one.form) {
    case "text":
      return { ...one, call: `${one.call} ` }
    case "json":
      return { ...one, arguments: `${one.arguments} ` }
    default:
      return { ...one, content: `${one.content} ` }
  }
}
