"""Episodes against a chat-completions server by the package `verifiers`, for comparison with the same episodes of ours.

    python verifiers_reference.py

Runs in a virtual environment of its own (`pip install verifiers==0.2.1`), with the package's defaults. Reads commands as
JSON lines from standard input and answers each with a JSON line {"version", "seconds", "cpu", "errors"}:
{"url", "episodes", "turns", "inFlight"}: plays so many episodes of so many turns in which "done" is the right answer, at
most so many at a time; "errors" are those that did not end so.
"""
import asyncio
import importlib.metadata
import json
import os
import sys
import time

os.environ["VF_LOG_LEVEL"] = "CRITICAL"
os.environ["BENCH_KEY"] = "none"

import verifiers as vf  # noqa: E402
from datasets import Dataset  # noqa: E402
from verifiers.types import ClientConfig  # noqa: E402

ask = {"role": "user", "content": "Say that it is done."}


class Asking(vf.MultiTurnEnv):
    """Asks for the same thing in every turn."""

    async def env_response(self, messages, state, **_):
        return [ask]


def said(message):
    return message["content"] if isinstance(message, dict) else message.content


def role(message):
    return message["role"] if isinstance(message, dict) else message.role


def environment(episodes, turns):
    async def right(completion, **_):
        answers = [said(message) for message in completion if role(message) == "assistant"]
        return float(answers == ["done"] * turns)

    tasks = Dataset.from_list([{"prompt": [ask], "answer": "done"} for _ in range(episodes)])
    return Asking(dataset=tasks, rubric=vf.Rubric(funcs=[right]), max_turns=turns)


def play(command):
    asking = environment(command["episodes"], command["turns"])
    outputs = asyncio.run(
        asking.generate(
            asking.get_dataset(),
            ClientConfig(api_key_var="BENCH_KEY", api_base_url=command["url"]),
            "latency",
            sampling_args={"temperature": 1.0, "max_tokens": 1024},
            max_concurrent=command["inFlight"],
            independent_scoring=True,
            on_start=lambda *_: None,
            on_progress=lambda *_: None,
        )
    )["outputs"]
    return command["episodes"] - sum(output["reward"] == 1.0 for output in outputs)


for line in sys.stdin:
    begin, cpu = time.monotonic(), time.process_time()
    errors = play(json.loads(line))
    answer = {
        "version": importlib.metadata.version("verifiers"),
        "seconds": time.monotonic() - begin,
        "cpu": time.process_time() - cpu,
        "errors": errors,
    }
    print(json.dumps(answer), flush=True)
