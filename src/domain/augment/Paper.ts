/**
 * The augmented errors of the paper's released code (spec: bfcl 7.1 and 7.2), on BFCL's current tools.
 *
 * The released code rewrites the errors of one file system and of four tools that depend on
 * others. Its texts are reproduced here to the letter for failures of the same cause; where its
 * tools behave differently because they are of an older BFCL, nothing is said (PaperConformance
 * lists those causes). A run that repeats the paper's second and third stage uses this augmentor.
 */
import type { Advice, Augment, FailedCall } from "../Augmentor.ts"
import { PythonError } from "../python/PythonError.ts"
import { str } from "../python/Text.ts"
import { Dict, Instance, Tuple, type Value } from "../python/Value.ts"
import { argumentsOf, text, values } from "./Subject.ts"

type Wording = (failed: FailedCall) => string | undefined

const isValue = (value: unknown): value is Value =>
  value === null || ["string", "bigint", "number", "boolean"].includes(typeof value)
  || (Array.isArray(value)
    ? value.every(isValue)
    : value instanceof Dict || value instanceof Tuple || value instanceof Instance)

/** Python's `str`; a value nested too deep for it is left out. */
const textOf = (value: unknown): string => {
  if (!isValue(value)) return String(value)
  try {
    return str(value)
  } catch (error) {
    if (error instanceof PythonError) return "..."
    throw error
  }
}

const said = (failed: FailedCall, role: string): string => textOf(failed.subject[role])

const forbidden = "| / \\ ? % * : > < \""

/** A wording around the value that the failure is about. */
const about = (wording: (name: string) => string): Wording => (failed) =>
  wording(said(failed, "name" in failed.subject ? "name" : "value"))

/** `only`: what may be given instead of a path. */
const noPath = (tool: string, only: string): Wording =>
  about((name) => `${tool}: '${name}': Paths are not allowed. Specify only ${only} in current directory.`)

const noPathIn = (tool: string): Wording => (failed) =>
  `${tool}: '${said(failed, "name")}': Paths are not allowed in ${text(failed, "argument")}. `
  + "Specify only file/directory name in current directory."

const invalidCharacter = (tool: string, names: "Directory" | "File"): Wording =>
  about((name) => `${tool}: '${name}': Invalid character. ${names} names cannot contain: ${forbidden}`)

/** `wc`, `sort`, `grep`, `tail`: read one file. */
const reading = (tool: string, only: string, refusal: string): Readonly<Record<string, Wording>> => ({
  path_given: noPath(tool, only),
  wrong_type: about((name) => `${tool}: '${name}': Is a directory. ${refusal}`),
  not_found: about((name) => `${tool}: '${name}': No such file in current directory.`)
})

/** `cd ..` has an error of its own, which the released code leaves as it is. */
const noDirectory: Wording = (failed) => {
  const name = said(failed, "name")
  return name === ".." ? undefined : `cd: '${name}': No such directory in current location.`
}

/** One wording for a failure of both files, another for a failure of one. */
const ofFiles = (both: (names: string) => string, one: (name: string) => string): Wording => (failed) => {
  const names = argumentsOf(failed, undefined).map(({ value }) => `'${textOf(value)}'`)
  return names.length > 1 ? both(names.join(" and ")) : one(names.join(""))
}

const noAirport: Wording = (failed) => {
  const unknown = values(failed, "unknown")
  const wrong = ([["travel_from", "departure"], ["travel_to", "destination"]] as const)
    .filter(([role]) => unknown.includes(failed.subject[role]))
    .map(([role, which]) => `${which} airport '${said(failed, role)}'`)
  return wrong.length === 0
    ? `No available route from '${said(failed, "travel_from")}' to '${said(failed, "travel_to")}'.`
    : `Invalid airport code(s): ${
      wrong.join(" and ")
    }. Please use valid airport codes. You can use 'list_all_airports' `
      + "to get all available airports or 'get_nearest_airport_by_city' to find the correct airport code for a city."
}

/** Tool -> kind of failure -> what is said. */
const wordings: ReadonlyMap<string, ReadonlyMap<string, Wording>> = new Map(
  Object.entries<Readonly<Record<string, Wording>>>({
    cd: {
      path_given: about((name) =>
        `cd: '${name}': Paths are not allowed. Use 'cd' to navigate one directory at a time.`
      ),
      not_found: noDirectory,
      wrong_type: noDirectory
    },
    mkdir: {
      path_given: noPath("mkdir", "directory name"),
      invalid_value: invalidCharacter("mkdir", "Directory"),
      already_exists: about((name) => `mkdir: cannot create directory '${name}': File or directory already exists`)
    },
    touch: {
      path_given: noPath("touch", "file name"),
      invalid_value: invalidCharacter("touch", "File"),
      already_exists: about((name) => `touch: '${name}': File or directory already exists`)
    },
    echo: {
      path_given: noPath("echo", "file name"),
      invalid_value: invalidCharacter("echo", "File"),
      wrong_type: about((name) => `echo: '${name}': Is a directory. Cannot write to directory.`)
    },
    wc: reading("wc", "file name", "Cannot count directory contents."),
    sort: reading("sort", "the file name", "Cannot sort directory contents."),
    grep: reading("grep", "file name", "Cannot search in directory."),
    tail: reading("tail", "the file name", "Cannot display directory contents."),
    diff: {
      path_given: () => "diff: Paths are not allowed. Specify only file names in current directory.",
      not_found: ofFiles(
        (names) => `diff: ${names}: Both files not found in current directory.`,
        (name) => `diff: ${name}: No such file in current directory.`
      ),
      wrong_type: ofFiles(
        (names) => `diff: ${names}: Both are directories. Cannot compare directories.`,
        (name) => `diff: ${name}: Is a directory. Cannot compare directory with file.`
      )
    },
    mv: {
      path_given: noPathIn("mv"),
      not_found: about((name) => `mv: '${name}': No such file or directory in current directory.`),
      already_exists: (failed) =>
        `mv: cannot move '${said(failed, "source")}' to '${said(failed, "name")}': `
        + "File already exists in destination directory.",
      wrong_type: about((name) =>
        `mv: '${name}': Destination exists but is not a directory. Cannot overwrite existing file.`
      )
    },
    cp: {
      path_given: noPathIn("cp"),
      not_found: about((name) => `cp: '${name}': No such file or directory in current directory.`)
    },
    rm: {
      path_given: noPath("rm", "file/directory name"),
      not_found: about((name) => `rm: '${name}': No such file or directory in current directory.`)
    },
    rmdir: {
      path_given: noPath("rmdir", "directory name"),
      not_found: about((name) => `rmdir: '${name}': No such directory in current directory.`)
    },
    get_flight_cost: { not_found: noAirport },
    book_flight: { not_found: (failed) => "travel_from" in failed.subject ? noAirport(failed) : undefined },
    compute_exchange_rate: {
      invalid_value: (failed) =>
        `No available exchange rate for '${said(failed, "base_currency")}' to '${said(failed, "target_currency")}'. `
        + `Supported currencies are: ${values(failed, "allowed").join(", ")}. `
        + "Please check if the currency codes are correct."
    },
    estimate_distance: {
      not_found: (failed) =>
        `Invalid zipcode pair: '${said(failed, "cityA")}' to '${
          said(failed, "cityB")
        }'. Please verify both zipcodes are `
        + "correct and supported. You can use 'get_zipcode_based_on_city' to find the correct zipcode for a city name."
    },
    get_outside_temperature_from_weather_com: {
      unavailable: () =>
        "Weather.com service is currently unavailable. Please try using get_outside_temperature_from_google() instead."
    }
  }).map(([tool, kinds]) => [tool, new Map(Object.entries(kinds))])
)

/** What a text names in so many words, where it does not just ask for other values. */
const named: Readonly<Record<string, ReadonlyArray<string>>> = {
  get_flight_cost: ["list_all_airports()", "get_nearest_airport_by_city()"],
  book_flight: ["list_all_airports()", "get_nearest_airport_by_city()"],
  estimate_distance: ["get_zipcode_based_on_city()"],
  get_outside_temperature_from_weather_com: ["get_outside_temperature_from_google()"]
}

const adviceOf = (failed: FailedCall, tool: string): Advice => {
  const calls = named[tool]
  return calls === undefined
    ? { _tag: "Change", arguments: argumentsOf(failed, undefined).map(({ name }) => name) }
    : { _tag: "Call", calls }
}

/** Says what the paper's released code says, and nothing where it leaves an error as it is. */
export const paper: Augment = (failed) => {
  const { kind, tool } = failed
  const message = tool === undefined ? undefined : wordings.get(tool)?.get(kind)?.(failed)
  return tool === undefined || message === undefined
    ? undefined
    : { rule: `paper.${tool}.${kind === "path_given" ? "path" : kind}`, message, advice: adviceOf(failed, tool) }
}
