/** The names that drills are about. Closed lists: the compact renderer has one token for each. */

const words = (text: string): ReadonlyArray<string> => text.split(" ")

export const files = words(
  "report.txt notes.md budget.csv draft.txt summary.md invoice.pdf memo.txt agenda.md plan.txt readme.md config.json "
    + "data.csv results.csv photo.jpg letter.txt essay.txt diary.md backup.zip script.py index.html slides.pdf todo.txt "
    + "recipe.md song.mp3 story.txt contract.pdf log.txt sales.csv"
)

export const folders = words(
  "docs archive temp projects images work music public private shared old drafts"
)

/** What files contain and messages say: one word each. */
export const texts = words("hello urgent alpha beta gamma total final pending thanks ready later welcome")

export const people = words("Alice Bob Catherine Daniel Eve Frank Grace Henry")

export const userIds = words("USR001 USR002 USR003 USR004 USR005 USR006 USR007 USR008")

export const cities = ["Rivermist", "Stonebrook", "Maplecrest", "Silverpine", "Shadowridge", "Oakendale", "Willowbend"]

/** Airport codes with routes between one another. */
export const airports = words("RMS SBK MPC SVP SHD OKD SFO LAX JFK")

export const currencies = words("USD EUR JPY GBP CAD AUD INR")

export const doors = words("driver passenger rear_left rear_right")

export const cardIds = words("card_1001 card_2002 card_3003 card_4004")

export const bookingIds = words("booking_11 booking_22 booking_33 booking_44")

export const tokens = words("tok_ax7 tok_bq9 tok_cz3 tok_dm5")

export const dates = words("2024-05-01 2024-06-11 2024-07-21 2024-08-15")

export const travelClasses = words("economy business first")

/** Python's spelling of a string argument. None of the names above needs an escape. */
export const quoted = (text: string): string => `'${text}'`
