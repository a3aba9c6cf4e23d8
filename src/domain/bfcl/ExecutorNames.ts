/**
 * The names that a call can see in the original because it is evaluated inside the executor's function: the function's
 * variables and its module's globals. `copy(...)`, where no tool is called so, hits the module `copy`.
 */
import { module, Opaque, PythonFunction } from "../python/Callable.ts"
import { len } from "../python/Number.ts"
import { deepCopy, Dict, iterate, type Value } from "../python/Value.ts"
import { classNames } from "./Toolsets.ts"

/** What the variables hold that a call could print. Of the others only the type matters. */
export interface Surroundings {
  readonly classes: ReadonlyArray<string>
  readonly config: Dict
  readonly name: string
  readonly longContext: boolean
}

const isEmptyResponse = (response: Value): boolean => {
  if (len(response) === 0) return true
  const [first = null] = iterate(response)
  return len(response) === 1 && len(first) === 0
}

const refuse = (): Value => null

const functions = [
  new PythonFunction(
    "is_empty_execute_response",
    [{ name: "input_list" }],
    ([response = null]) => isEmptyResponse(response)
  ),
  new PythonFunction(
    "execute_multi_turn_func_call",
    [
      { name: "func_call_list" },
      { name: "initial_config" },
      { name: "involved_classes" },
      { name: "model_name" },
      { name: "test_entry_id" },
      { name: "long_context", default: false },
      { name: "is_evaL_run", default: false }
    ],
    refuse
  ),
  new PythonFunction(
    "_process_method_calls",
    [{ name: "function_call_string" }, { name: "instance_mapping" }],
    refuse
  )
]

/** Globals of the original's module. */
const globals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...["copy", "importlib", "inspect", "json", "re"].map((name) => [name, module(name)] as const),
  ...functions.map((each) => [each.name, each] as const),
  ["CLASS_FILE_PATH_MAPPING", Dict.from(classNames.map((name) => [name, ""] as const))],
  ["STATELESS_CLASSES", ["MathAPI"]]
])

/** Variables of which only the type can show. */
const opaqueVariables: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["module", module("bfcl_eval")],
  ["class_", new Opaque("type", "<class>")],
  ["class_instance", new Opaque("object", "<object>")],
  ["method", new Opaque("method", "<bound method>")],
  ["method_name", ""],
  ["module_name", ""],
  ["instance_name", ""],
  ["class_name", ""],
  ["class_method_name_mapping", new Dict()],
  ["class_initial_config", new Dict()],
  ["involved_instances", new Dict()]
])

/** What a name stands for where a call is evaluated, builtins and instances apart. */
export const executorName = (name: string, surroundings: Surroundings): Value | undefined => {
  switch (name) {
    case "initial_config":
      return deepCopy(surroundings.config)
    case "involved_classes":
      return [...surroundings.classes]
    case "model_name":
    case "test_entry_id":
    case "func_call":
    case "func_call_copy":
      return surroundings.name
    case "long_context":
      return surroundings.longContext
    case "is_evaL_run":
      return false
    case "func_call_list":
    case "execution_results":
      return []
    default:
      return opaqueVariables.get(name) ?? globals.get(name)
  }
}
