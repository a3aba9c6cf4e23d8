"""Drives a Tinker server through Tinker's own SDK, whichever version is installed: creates a model, trains it on one
sequence with every request of a step in flight, saves, reloads and samples. Prints its figures as one JSON object;
exits with 1 where something is not as it has to be.

    python sdk.py URL
"""

import importlib.metadata
import json
import math
import random
import sys
import time

import tinker
from tinker import types

LENGTH = 48
STEPS = 5
ADAM = types.AdamParams(learning_rate=1e-3, beta1=0.9, beta2=0.95, eps=1e-8)


def datum(tokens, **inputs):
    return types.Datum(
        model_input=types.ModelInput.from_ints(tokens[:-1]),
        loss_fn_inputs={"target_tokens": types.TensorData(data=tokens[1:], dtype="int64", shape=[len(tokens) - 1])}
        | {
            name: types.TensorData(data=values, dtype="float32", shape=[len(values)])
            for name, values in inputs.items()
        },
    )


def logprobs(output):
    return [list(one["logprobs"].data) for one in output.loss_fn_outputs]


def furthest(left, right):
    return max(abs(a - b) for a, b in zip(left, right, strict=True))


def expect(condition, sentence):
    if not condition:
        raise SystemExit(f"sdk.py: {sentence}")


def refusal(call):
    try:
        call()
    except Exception as error:  # every version has classes of its own for it
        return str(error)
    raise SystemExit("sdk.py: what the server does not do was not refused")


def main(url):
    figures = {"sdk": importlib.metadata.version("tinker")}
    begin = time.perf_counter()
    service = tinker.ServiceClient(base_url=url, api_key="tml-none")
    model = service.get_server_capabilities().supported_models[0].model_name
    figures["model"] = model

    def resolved(value):
        # Newer versions return futures where older ones return the thing.
        return value.result() if hasattr(value, "result") else value

    client = resolved(service.create_lora_training_client(base_model=model, rank=8))
    figures["create_s"] = round(time.perf_counter() - begin, 2)

    numbers = random.Random(7)
    tokens = [numbers.randrange(1, 700) for _ in range(LENGTH + 1)]
    learned = datum(tokens, weights=[1.0] * LENGTH)

    before = logprobs(client.forward([learned], "cross_entropy").result())[0]

    # Every request of every step is sent before the first answer is waited for.
    begin = time.perf_counter()
    steps = []
    for _ in range(STEPS):
        steps.append((client.forward_backward([learned] * 4, "cross_entropy"), client.optim_step(ADAM)))
    losses = [both.result().metrics["loss:sum"] / (4 * LENGTH) for both, _ in steps]
    for _, step in steps:
        step.result()
    seconds = time.perf_counter() - begin
    figures["pipelined_steps"] = STEPS
    figures["training_tokens_per_s"] = round(STEPS * 4 * LENGTH / seconds)
    figures["loss_per_token"] = [round(loss, 3) for loss in losses]
    expect(all(a > b for a, b in zip(losses, losses[1:])), f"the loss does not fall: {losses}")

    after = logprobs(client.forward([learned], "cross_entropy").result())[0]
    expect(sum(after) > sum(before), "what was learned did not become likelier")

    # Where the sampler's log-probs are the trainer's, all ratios are 1, and the losses differ by what they clip alone.
    surrogate = datum(tokens, logprobs=after, advantages=[1.0] * LENGTH)
    for name in ("importance_sampling", "ppo", "cispo"):
        loss = client.forward([surrogate], name).result().metrics["loss:sum"]
        expected = -LENGTH if name != "cispo" else -sum(after)
        expect(abs(loss - expected) < 1e-2, f"{name} is {loss}, not {expected}")
    figures["refused"] = refusal(lambda: client.forward([surrogate], "dro").result())[:110]

    saved = client.save_state("after").result().path
    begin = time.perf_counter()
    sampler = resolved(client.save_weights_and_get_sampling_client())
    figures["publish_s"] = round(time.perf_counter() - begin, 2)

    prompt = types.ModelInput.from_ints(tokens[:16])
    params = types.SamplingParams(max_tokens=24, temperature=1.0, seed=5)
    begin = time.perf_counter()
    futures = [sampler.sample(prompt, 8, params) for _ in range(8)]
    responses = [future.result() for future in futures]
    seconds = time.perf_counter() - begin
    sampled = sum(len(one.tokens) for response in responses for one in response.sequences)
    figures["sampled_tokens_per_s"] = round(sampled / seconds)
    first = responses[0].sequences
    expect(
        [list(one.tokens) for one in responses[1].sequences] == [list(one.tokens) for one in first],
        "a seed does not reproduce a sample",
    )

    whole = tokens[:16] + list(first[0].tokens)
    trained = logprobs(client.forward([datum(whole, weights=[1.0] * (len(whole) - 1))], "cross_entropy").result())[0]
    figures["sampler_vs_trainer"] = furthest(list(first[0].logprobs), trained[15:])
    expect(figures["sampler_vs_trainer"] < 1e-4, "sampler and trainer do not agree about log-probs")
    prompt_logprobs = resolved(sampler.compute_logprobs(types.ModelInput.from_ints(tokens)))
    expect(prompt_logprobs[0] is None, "the first token of a prompt has a log-prob")
    figures["prompt_vs_trainer"] = furthest(prompt_logprobs[1:], after)
    expect(figures["prompt_vs_trainer"] < 1e-4, "prompt log-probs and the trainer's do not agree")

    # A snapshot stays what it was while the model is trained on.
    client.forward_backward([learned], "cross_entropy").result()
    client.optim_step(ADAM).result()
    again = sampler.sample(prompt, 8, params).result()
    expect(
        [list(one.tokens) for one in again.sequences] == [list(one.tokens) for one in first],
        "a snapshot changed while its model was trained",
    )

    begin = time.perf_counter()
    restored = resolved(service.create_training_client_from_state_with_optimizer(saved))
    figures["reload_s"] = round(time.perf_counter() - begin, 2)
    figures["reloaded_vs_saved"] = furthest(
        logprobs(restored.forward([learned], "cross_entropy").result())[0], after
    )
    expect(figures["reloaded_vs_saved"] == 0, "reloaded weights are not those that were saved")
    restored.forward_backward([learned], "cross_entropy").result()
    restored.optim_step(ADAM).result()
    gone_on = logprobs(restored.forward([learned], "cross_entropy").result())[0]
    straight = logprobs(client.forward([learned], "cross_entropy").result())[0]
    figures["resumed_vs_straight"] = furthest(gone_on, straight)
    expect(figures["resumed_vs_straight"] == 0, "training does not go on as if it had not stopped")
    expect(all(math.isfinite(value) for value in gone_on), "a log-prob is not finite")
    print(json.dumps(figures), flush=True)


main(sys.argv[1])
