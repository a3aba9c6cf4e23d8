/** Who travels: `verify_traveler_information`, and how BFCL's travel agency reads dates. */
import { PythonError } from "../python/PythonError.ts"
import { str } from "../python/Text.ts"
import { dateFormat, type DateTime, strptime } from "../python/Time.ts"
import { attributeError, Dict, equals, type Value } from "../python/Value.ts"
import { Failure, type Tool } from "./Toolset.ts"
import type { State } from "./TravelState.ts"

/** A date, or nothing for a text that is none. Throws Python's TypeError for what is no text. */
export const dateOf = (value: Value): DateTime | undefined => {
  try {
    return strptime(value, dateFormat)
  } catch (error) {
    if (error instanceof PythonError && error.type === "ValueError") return undefined
    throw error
  }
}

/** Whoever is born by then is of age on 2025-01-01, when a traveller's age is taken. The original takes the day it runs. */
const lastBirth = { year: 2007, month: 1, day: 1, text: "2007-01-01" }

const isOfAge = ({ day, month, year }: DateTime): boolean =>
  year !== lastBirth.year
    ? year < lastBirth.year
    : month < lastBirth.month || (month === lastBirth.month && day <= lastBirth.day)

const unverified = (error: string): Failure["standard"] => ({
  returned: Dict.of({ verification_status: false, verification_failure: error })
})

const notVerified = (error: string, subject: Readonly<Record<string, Value>>): Failure =>
  new Failure("invalid_value", subject, unverified(error))

/** The first name that is not the signed-in user's, or that nobody is signed in. */
const anotherUser = (agency: State, first_name: Value, last_name: Value): Failure => {
  const { user_first_name, user_last_name } = agency
  const error =
    `Cannot book flight information for another user.Expected ${str(user_first_name)} ${str(user_last_name)}, ` +
    `got ${str(first_name)} ${str(last_name)}`
  if (user_first_name === null) return new Failure("precondition", {}, unverified(error), "access_token")
  return equals(user_first_name, first_name)
    ? notVerified(error, { argument: "last_name", value: last_name, allowed: [user_last_name] })
    : notVerified(error, { argument: "first_name", value: first_name, allowed: [user_first_name] })
}

export const verifyTravelerInformation: Tool<State> = {
  name: "verify_traveler_information",
  parameters: [{ name: "first_name" }, { name: "last_name" }, { name: "date_of_birth" }, { name: "passport_number" }],
  failures: ["precondition", "invalid_value"],
  run: (agency, first_name, last_name, date_of_birth, passport_number) => {
    if (!equals(agency.user_first_name, first_name) || !equals(agency.user_last_name, last_name)) {
      return anotherUser(agency, first_name, last_name)
    }
    const birth = dateOf(date_of_birth)
    const subject = { argument: "date_of_birth", value: date_of_birth }
    if (birth === undefined) {
      const error = "Invalid date of birth format. Please use YYYY-MM-DD."
      return notVerified(error, { ...subject, format: "YYYY-MM-DD" })
    }
    if (!isOfAge(birth)) {
      return notVerified("Traveler must be at least 18 years old.", { ...subject, maximum: lastBirth.text })
    }
    if (typeof passport_number !== "string") throw attributeError(passport_number, "startswith")
    if (!passport_number.startsWith("US")) {
      const passport = { argument: "passport_number", value: passport_number, prefix: "US" }
      return notVerified("Passport must be issued by the United States.", passport)
    }
    return Dict.of({ verification_status: true })
  }
}
