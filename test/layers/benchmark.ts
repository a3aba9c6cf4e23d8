/** Writes a benchmark folder of one entry, and what else belongs into one. */
import { Effect, FileSystem, Path } from "effect"
import { fileOfClass } from "../../src/domain/bfcl/Documents.ts"
import { Category, type Entry } from "../../src/domain/bfcl/Entry.ts"
import { toolsetOf } from "../../src/domain/bfcl/Toolsets.ts"

/** Constants of every name, with as little as they can have. */
export const constants = {
  ...Object.fromEntries(
    ["WATCH_LIST", "TRANSACTION_HISTORY", "MA_5", "MA_20", "TECHNOLOGY", "AUTOMOBILE", "POPULATE_FILE"].map((name) =>
      [`${name}_EXTENSION`, []] as const
    )
  ),
  FILES_TAIL_USED: [],
  INTERMEDIARY_CITIES: [],
  ORDER_DETAIL_EXTENSION: {},
  LONG_WEATHER_EXTENSION: {},
  CREDIT_CARD_EXTENSION: {},
  BOOKING_RECORD_EXTENSION: {},
  FILE_CONTENT_EXTENSION: "",
  CAR_STATUS_METADATA_EXTENSION: "",
  PARKING_BRAKE_INSTRUCTION: ""
}

/** Files by their path within the folder. */
export const filesOf = (entry: Entry): Readonly<Record<string, string>> => {
  const question = JSON.stringify({
    id: entry.id,
    question: entry.turns.map((turn) => turn.messages),
    initial_config: "CONFIG",
    involved_classes: entry.classes
  }).replace("\"CONFIG\"", entry.initialConfig)
  const answer = JSON.stringify({ id: entry.id, ground_truth: entry.turns.map((turn) => turn.groundTruth) })
  const files: Record<string, string> = {
    "long_context.json": JSON.stringify(constants),
    "split_by_scenario.json": JSON.stringify({ about: "", train: [entry.scenario], test: [] })
  }
  for (const category of Category.literals) {
    const name = `BFCL_v4_multi_turn_${category}.json`
    files[name] = category === entry.category ? `${question}\n` : ""
    files[`possible_answer/${name}`] = category === entry.category ? `${answer}\n` : ""
  }
  for (const [name, file] of Object.entries(fileOfClass)) {
    files[`multi_turn_func_doc/${file}.json`] = (toolsetOf(name)?.tools ?? []).map((tool) => {
      const parameters = { type: "dict", properties: {}, required: [] }
      return `${JSON.stringify({ name: tool.name, description: "Does something.", parameters })}\n`
    }).join("")
  }
  return files
}

/** Writes files into a new folder that goes with the scope; the folder. */
export const writeFolder = Effect.fnUntraced(function*(files: Readonly<Record<string, string | Uint8Array>>) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fileSystem.makeTempDirectoryScoped()
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    yield* fileSystem.makeDirectory(path.dirname(file), { recursive: true })
    yield* typeof content === "string"
      ? fileSystem.writeFileString(file, content)
      : fileSystem.writeFile(file, content)
  }
  return folder
})
