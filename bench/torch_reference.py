"""The embedded engine's model in PyTorch, for comparison on the same cores.

Reads commands as JSON lines from standard input and answers each with a JSON line:
{"op": "model", ...sizes}, {"op": "train", "sequences", "length"},
{"op": "decode", "prompts", "samples", "prompt", "new"}, {"op": "threads", "count"}.
"""
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F


class Layer(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        d, q, kv = c["dModel"], c["heads"] * c["headDim"], c["kvHeads"] * c["headDim"]
        self.heads, self.kv_heads, self.head_dim = c["heads"], c["kvHeads"], c["headDim"]
        self.norm1, self.norm2 = torch.nn.Parameter(torch.ones(d)), torch.nn.Parameter(torch.ones(d))
        self.qkv = torch.nn.Linear(d, q + 2 * kv, bias=False)
        self.out = torch.nn.Linear(q, d, bias=False)
        self.gate_up = torch.nn.Linear(d, 2 * c["dFeedForward"], bias=False)
        self.down = torch.nn.Linear(c["dFeedForward"], d, bias=False)

    def project(self, x, cos, sin):
        """Queries, keys and values, [B, heads, T, headDim]."""
        b, t, d = x.shape
        h = self.qkv(F.rms_norm(x, (d,), self.norm1, 1e-5)).view(b, t, -1, self.head_dim).transpose(1, 2)
        q, k, v = h.split([self.heads, self.kv_heads, self.kv_heads], 1)
        return rotate(q, cos, sin), rotate(k, cos, sin), v

    def finish(self, x, attended):
        b, t, d = x.shape
        x = x + self.out(attended.transpose(1, 2).reshape(b, t, -1))
        gate, up = self.gate_up(F.rms_norm(x, (d,), self.norm2, 1e-5)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Model(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embedding = torch.nn.Parameter(torch.randn(c["vocabularySize"], c["dModel"]) * 0.05)
        self.layers = torch.nn.ModuleList(Layer(c) for _ in range(c["layers"]))
        self.norm = torch.nn.Parameter(torch.ones(c["dModel"]))
        half = c["headDim"] // 2
        angles = torch.outer(torch.arange(c["contextLength"]), 10000.0 ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def head(self, x):
        return F.rms_norm(x, (self.c["dModel"],), self.norm, 1e-5) @ self.embedding.T

    def forward(self, tokens):
        t = tokens.shape[1]
        x = F.embedding(tokens, self.embedding)
        for layer in self.layers:
            q, k, v = layer.project(x, self.cos[:t], self.sin[:t])
            gqa = layer.heads != layer.kv_heads
            x = layer.finish(x, F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=gqa))
        return self.head(x)

    def extend(self, tokens, caches, at):
        """The stream after `tokens`, whose keys and values go into the caches from position `at`."""
        t = tokens.shape[1]
        x = F.embedding(tokens, self.embedding)
        for layer, (keys, values) in zip(self.layers, caches):
            q, k, v = layer.project(x, self.cos[at:at + t], self.sin[at:at + t])
            keys[:, :, at:at + t], values[:, :, at:at + t] = k, v
            gqa = layer.heads != layer.kv_heads
            attended = F.scaled_dot_product_attention(
                q, keys[:, :, :at + t], values[:, :, :at + t], is_causal=t > 1, enable_gqa=gqa)
            x = layer.finish(x, attended)
        return x

    def empty_caches(self, batch, length):
        shape = (batch, self.c["kvHeads"], length, self.c["headDim"])
        return [(torch.empty(shape), torch.empty(shape)) for _ in self.layers]


def train(model, optimizer, sequences, length):
    """One step as the engine takes it: log-probs, linear loss, backward, clipping, AdamW."""
    tokens = torch.randint(model.c["vocabularySize"], (sequences, length + 1))
    optimizer.zero_grad(set_to_none=True)
    logprobs = torch.log_softmax(model(tokens[:, :-1]), -1).gather(-1, tokens[:, 1:, None])
    (-logprobs.sum() / (sequences * length)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


@torch.inference_mode()
def decode(model, prompts, samples, prompt, new):
    """`samples` completions of each of `prompts` prompts, whose prefill they share."""
    batch = prompts * samples
    first = torch.randint(model.c["vocabularySize"], (prompts, prompt))
    shared = model.empty_caches(prompts, prompt)
    x = model.extend(first, shared, 0)[:, -1:].repeat_interleave(samples, 0)
    caches = model.empty_caches(batch, prompt + new)
    for (keys, values), (k, v) in zip(caches, shared):
        keys[:, :, :prompt] = k.repeat_interleave(samples, 0)
        values[:, :, :prompt] = v.repeat_interleave(samples, 0)
    for at in range(prompt, prompt + new):
        logprobs = torch.log_softmax(model.head(x)[:, 0], -1)
        tokens = torch.multinomial(logprobs.exp(), 1)
        logprobs.gather(1, tokens)
        if at + 1 < prompt + new:
            x = model.extend(tokens, caches, at)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    model = optimizer = None
    for line in sys.stdin:
        command = json.loads(line)
        op = command.pop("op")
        start, cpu = time.perf_counter(), cpu_seconds()
        if op == "model":
            torch.manual_seed(0)
            model = Model(command)
            optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), fused=True)
        elif op == "threads":
            torch.set_num_threads(command["count"])
        elif op == "train":
            train(model, optimizer, command["sequences"], command["length"])
        elif op == "decode":
            decode(model, command["prompts"], command["samples"], command["prompt"], command["new"])
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answer = {"seconds": time.perf_counter() - start, "cpu": cpu_seconds() - cpu, "rss": rss}
        print(json.dumps({**answer, "version": torch.__version__}), flush=True)


main()
