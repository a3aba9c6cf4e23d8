/** The fixed facts of BFCL's vehicle simulator: zip codes and distances, recovered from its answers. */

/** City -> zip code. */
export const zipcodeOfCity: ReadonlyMap<string, string> = new Map(Object.entries({
  "Rivermist": "83214",
  "Stonebrook": "74532",
  "Maplecrest": "56108",
  "Silverpine": "62947",
  "Shadowridge": "71354",
  "Sunset Valley": "83462",
  "Oakendale": "47329",
  "Willowbend": "52013",
  "Crescent Hollow": "69238",
  "Autumnville": "51479",
  "San Francisco": "94016"
}))

/** What `get_zipcode_based_on_city` answers for any other city. */
export const unknownZipcode = "00000"

/** Two zip codes and the distance between them in kilometres, either way. */
const distances: ReadonlyArray<readonly [zipcode: string, zipcode: string, kilometres: number]> = [
  ["83214", "74532", 750],
  ["56108", "62947", 320],
  ["71354", "83462", 450],
  ["47329", "52013", 290],
  ["69238", "51479", 630],
  ["94016", "83214", 980],
  ["94016", "74532", 880],
  ["94016", "62947", 780],
  ["94016", "94704", 600],
  ["94016", "08540", 1950],
  ["94704", "08540", 2550],
  ["62947", "47329", 1053]
]

const distanceOfPair = new Map(distances.flatMap(([a, b, kilometres]) => [
  [`${a}|${b}`, kilometres],
  [`${b}|${a}`, kilometres]
]))

const zipcodes: ReadonlySet<unknown> = new Set([...zipcodeOfCity.values(), ...distances.flatMap(([a, b]) => [a, b])])

/** Whether a distance or a city is known for it. */
export const isZipcode = (value: unknown): boolean => zipcodes.has(value)

export const distanceBetween = (a: string, b: string): number | undefined => distanceOfPair.get(`${a}|${b}`)
