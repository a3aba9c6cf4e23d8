/**
 * What makes a drill's long-context variant long: the same constants as the benchmark's, far
 * smaller, in the drills' own words.
 */
import * as Bfcl from "../bfcl/LongContext.ts"
import { Dict, type Value } from "../python/Value.ts"
import * as Seed from "../Seed.ts"
import { files, texts } from "./Words.ts"

const draws = new Seed.Draws(Seed.derive("drills", "long context"))

/** Words that say nothing, 24 of them: about as many tokens. */
const filler = (): string => Array.from({ length: 24 }, () => draws.pick(texts)).join(" ")

/** Names of files that stories never mention. */
const populated = Array.from({ length: 10 }, (_, i) => `image_${String(i + 10)}.jpg`)

const account = (id: string): Dict =>
  Dict.of({
    card_number: id,
    expiration_date: "12/27",
    cardholder_name: "Bob",
    card_verification_number: 321n,
    balance: 750
  })

const booking = (id: string): Dict =>
  Dict.of({
    card_id: "card_9009",
    travel_date: "2024-05-01",
    travel_from: "SFO",
    travel_to: "LAX",
    travel_class: "economy",
    travel_cost: 200,
    transaction_id: id
  })

const constants: Readonly<Record<string, Value>> = {
  FILE_CONTENT_EXTENSION: ` ${filler()}`,
  POPULATE_FILE_EXTENSION: [...populated],
  FILES_TAIL_USED: [files[0]!],
  CAR_STATUS_METADATA_EXTENSION: filler(),
  PARKING_BRAKE_INSTRUCTION: filler(),
  LONG_WEATHER_EXTENSION: Dict.of({ forecast: filler() }),
  INTERMEDIARY_CITIES: ["Northfield", "Southport"],
  CREDIT_CARD_EXTENSION: Dict.of({ card_8008: account("card_8008"), card_9009: account("card_9009") }),
  BOOKING_RECORD_EXTENSION: Dict.of({ booking_88: booking("booking_88"), booking_99: booking("booking_99") })
}

export const longContext: Bfcl.LongContext = Bfcl.make(Dict.of(constants))
