"""The original BFCL simulators and multi-turn checker, for comparison on the same instances.

    python3 bfcl_reference.py DIR

DIR is a virtual environment or a folder of unpacked wheels with `bfcl-eval` and `mpmath`. Nothing else is needed: what
is measured imports none of the package's other dependencies. Reads commands as JSON lines from standard input and
answers each with a JSON line {"version", "cpu"}, the seconds of CPU that it took:
{"op": "load", "entries": [{"id", "classes", "config", "turns"}]}: reads the configurations,
{"op": "replay" | "execute", "ids": [...]}: one pass over these entries.
"""
import json
import pathlib
import sys
import time


def packages(folder):
    """Where the packages lie: in the folder itself, or in a virtual environment's site-packages."""
    inside = sorted(folder.glob("lib/python3*/site-packages"))
    found = [place for place in (folder, *inside) if (place / "bfcl_eval").is_dir()]
    if not found:
        sys.exit(f"{folder} has no bfcl_eval: pip install --no-deps --target {folder} bfcl-eval==2026.3.23 mpmath==1.3.0")
    return str(found[0])


sys.path.insert(0, packages(pathlib.Path(sys.argv[1])))
from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_utils  # noqa: E402
from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker import multi_turn_checker  # noqa: E402

pristine = set(vars(multi_turn_utils))
entries = {}


def load(command):
    """Each configuration is kept as the value that the original reads from its files."""
    for entry in command["entries"]:
        entries[entry["id"]] = {
            "id": entry["id"],
            "involved_classes": entry["classes"],
            "initial_config": json.loads(entry["config"]),
            "ground_truth": entry["turns"],
        }


def replay(entry):
    """The ground truth as a model that does each turn in one step."""
    verdict = multi_turn_checker(
        [[calls] for calls in entry["ground_truth"]], entry["ground_truth"], entry, "", "reference"
    )
    if not verdict["valid"]:
        sys.exit(f"{entry['id']} does not pass: {verdict}")


def execute(entry):
    for calls in entry["ground_truth"]:
        multi_turn_utils.execute_multi_turn_func_call(
            func_call_list=calls,
            initial_config=entry["initial_config"],
            involved_classes=entry["involved_classes"],
            model_name="reference",
            test_entry_id=entry["id"],
            long_context="long_context" in entry["id"],
        )


def play(work, command):
    for id in command["ids"]:
        work(entries[id])


operations = {
    "load": load,
    "replay": lambda command: play(replay, command),
    "execute": lambda command: play(execute, command),
}

for line in sys.stdin:
    command = json.loads(line)
    begin = time.process_time()
    operations[command["op"]](command)
    spent = time.process_time() - begin
    # The original keeps every instance as a global of this module, for good.
    for name in set(vars(multi_turn_utils)) - pristine:
        delattr(multi_turn_utils, name)
    print(json.dumps({"version": sys.version.split()[0], "cpu": spent}), flush=True)
