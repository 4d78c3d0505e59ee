"""Trains the language model that pmpdsim carries: a byte-level BPE tokenizer and a small Llama on the sources of Go's
standard library (go1.26.8, BSD-3-Clause), with held-out files that neither the tokenizer nor the model reads.

    pip install torch==2.15.0 tokenizers==0.23.3 safetensors numpy
    GOTOOLCHAIN=go1.26.8 python train.py --goroot "$(go env GOROOT)" --out out

The seed, the order of the files and the number of steps are fixed, so that two runs on one machine differ by the
rounding of parallel sums alone. It writes, under Hugging Face's names,

    config.json generation_config.json tokenizer.json.gz tokenizer_config.json
    model.safetensors.gz        weights in binary16
    sensitivity.safetensors.gz  mean squared gradients of the loss, by weight, for the quantiser (F8_E5M2, scaled by
                                tensor: the largest is 57344)
    heldout.txt                 held-out files, for perplexity and prompts
    train.json                  what was trained on what, for how long, and the bits per byte that came out

and prints them beside an order-5 byte model of the same training text.
"""

import argparse
import gzip
import hashlib
import json
import math
import os
import re
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HIDDEN, LAYERS, HEADS, KV, FF, VOCAB, CONTEXT = 256, 5, 4, 2, 512, 2048, 512
SPLIT = 40  # one file of forty is held out


def files(goroot):
    """(path, text) of the library's sources in the order of their names: no tests, no generated tables, no header."""
    root = os.path.join(goroot, "src")
    for folder, below, names in os.walk(root):
        below[:] = sorted(b for b in below if b not in ("testdata", "vendor", "cmd"))
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not name.endswith(".go") or name.endswith("_test.go") or os.path.getsize(path) > 200_000:
                continue
            text = open(path, encoding="utf-8").read()
            generated = re.search(r"^// (Code generated|.*DO NOT EDIT)", text, re.M)
            if generated or name.startswith(("zerrors", "zsys", "ztypes")):
                continue
            text = re.sub(r"\A// Copyright .*?\n\n", "", text, count=1, flags=re.S)
            if len(text) > 400:
                yield os.path.relpath(path, root), text


def held_out(path):
    return int(hashlib.sha256(path.encode()).hexdigest(), 16) % SPLIT == 0


def tokenizer(texts):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCAB, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return t


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(HIDDEN))

    def forward(self, x):
        return F.rms_norm(x.float(), (HIDDEN,), self.weight, 1e-5).type_as(x)


def rotate(x, cos, sin):  # halves as pairs, as Hugging Face's Llama
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        d = HIDDEN // HEADS
        self.input_layernorm, self.post_attention_layernorm = Norm(), Norm()
        self.q_proj, self.o_proj = nn.Linear(HIDDEN, HIDDEN, False), nn.Linear(HIDDEN, HIDDEN, False)
        self.k_proj, self.v_proj = nn.Linear(HIDDEN, KV * d, False), nn.Linear(HIDDEN, KV * d, False)
        self.gate_proj, self.up_proj = nn.Linear(HIDDEN, FF, False), nn.Linear(HIDDEN, FF, False)
        self.down_proj = nn.Linear(FF, HIDDEN, False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        y = self.input_layernorm(x)
        heads = lambda z, n: z.view(b, t, n, -1).transpose(1, 2)
        q, k = rotate(heads(self.q_proj(y), HEADS), cos, sin), rotate(heads(self.k_proj(y), KV), cos, sin)
        v = heads(self.v_proj(y), KV)
        k, v = k.repeat_interleave(HEADS // KV, 1), v.repeat_interleave(HEADS // KV, 1)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o_proj(a.transpose(1, 2).reshape(b, t, -1))
        y = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCAB, HIDDEN)
        self.layers = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = Norm()
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02 / (math.sqrt(2 * LAYERS) if "o_proj" in name or "down_proj" in name else 1))
        d = HIDDEN // HEADS
        angle = torch.outer(torch.arange(CONTEXT).float(), 10000.0 ** (-torch.arange(0, d, 2).float() / d))
        self.register_buffer("cos", angle.cos(), False)
        self.register_buffer("sin", angle.sin(), False)

    def forward(self, ids):
        t = ids.shape[1]
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, self.cos[:t].type_as(x), self.sin[:t].type_as(x))
        return F.linear(self.norm(x), self.embed_tokens.weight)


class Muon(torch.optim.Optimizer):
    """Momentum whose update of a matrix is made orthogonal by five steps of Newton and Schulz (Jordan 2024)."""

    def __init__(self, params, lr):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("momentum", torch.zeros_like(p))
                m.lerp_(p.grad, 0.05)
                x = p.grad.lerp(m, 0.95)
                tall = x.shape[0] > x.shape[1]
                x = (x.T if tall else x) / (x.norm() + 1e-7)
                for _ in range(5):
                    a = x @ x.T
                    x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
                x = x.T if tall else x
                p.mul_(1 - group["lr"] * 0.01).add_(x, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def loss_of(model, ids, reduction="mean"):
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(ids[:, :-1])
    return F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction=reduction)


def batch(ids, size, generator):
    start = torch.randint(len(ids) - CONTEXT - 1, (size, 1), generator=generator)
    return ids[start + torch.arange(CONTEXT + 1)].long()


@torch.no_grad()
def bits_per_byte(model, ids, size, limit=1 << 60):
    """Bits per byte of ids, which encode size bytes, in windows whose first half is context (but for the first one)."""
    total, counted, half = 0.0, 0, CONTEXT // 2
    for at in range(0, min(len(ids), limit) - CONTEXT - 1, half):
        w = ids[at:at + CONTEXT + 1][None].long()
        nll = loss_of(model, w, "none")
        nll = nll if at == 0 else nll[half:]
        total, counted = total + nll.double().sum().item(), counted + len(nll)
    return total / counted / math.log(2) * len(ids) / size


def order5(train, test):
    """Bits per byte of an order-5 byte model: Witten and Bell's interpolation of the orders 0 to 5, of train."""

    def grams(text, n):  # the n bytes up to each position from n-1 on, as one integer
        b = np.frombuffer(text, np.uint8).astype(np.int64)
        return sum(b[i:len(b) - n + 1 + i] << 8 * (n - 1 - i) for i in range(n))

    def look_up(keys, values, wanted):
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, values[at], 0)

    p = np.full(len(test) - 5, 1 / 256)
    for n in range(6):
        keys, counts = np.unique(grams(train, n + 1), return_counts=True)
        contexts, first = np.unique(keys >> 8, return_index=True)
        kinds, totals = np.diff(np.append(first, len(keys))), np.add.reduceat(counts, first)
        wanted = grams(test, n + 1)[5 - n:]
        total, kind = look_up(contexts, totals, wanted >> 8), look_up(contexts, kinds, wanted >> 8)
        mixed = (look_up(keys, counts, wanted) + kind * p) / np.maximum(total + kind, 1)
        p = np.where(total > 0, mixed, p)
    return float(-np.log2(p).mean())


def sensitivities(model, ids, batches, generator):
    """Mean over sequences of the squared gradients of their mean loss: the diagonal of Fisher's information, as
    SqueezeLLM takes it (arXiv 2306.07629)."""
    total = {n: torch.zeros_like(p) for n, p in model.named_parameters() if p.dim() > 1 and "embed" not in n}
    for _ in range(batches):
        model.zero_grad()
        window = batch(ids, 1, generator)
        F.cross_entropy(model(window[:, :-1]).flatten(0, 1), window[:, 1:].flatten()).backward()
        for n, p in model.named_parameters():
            if n in total:
                total[n] += p.grad ** 2
    return {"model." + nested(n): (t / t.max() * 57344).to(torch.float8_e5m2) for n, t in total.items()}


def nested(name):
    name = re.sub(r"\.(q|k|v|o)_proj", r".self_attn.\1_proj", name)
    return re.sub(r"\.(gate|up|down)_proj", r".mlp.\1_proj", name)


def pack(path):
    """Replaces a file by its packed form, the same bytes every time."""
    with open(path, "rb") as f:
        packed = gzip.compress(f.read(), 9, mtime=0)
    with open(path + ".gz", "wb") as f:
        f.write(packed)
    os.remove(path)


def export(model, out):
    state = {"model." + nested(n): p.detach().half().contiguous() for n, p in model.named_parameters()}
    save_file(state, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})
    config = dict(
        architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=HIDDEN, intermediate_size=FF,
        num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV, head_dim=HIDDEN // HEADS,
        vocab_size=VOCAB, max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu",
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, torch_dtype="float16", attention_bias=False,
        mlp_bias=False)
    write(out, "config.json", config)
    write(out, "generation_config.json", dict(bos_token_id=0, eos_token_id=0))
    write(out, "tokenizer_config.json", dict(
        tokenizer_class="PreTrainedTokenizerFast", bos_token="<|endoftext|>", eos_token="<|endoftext|>",
        model_max_length=CONTEXT, clean_up_tokenization_spaces=False))


def write(out, name, value):
    with open(os.path.join(out, name), "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def encode(t, texts):
    """One array of ids: every file behind an <|endoftext|>."""
    parts = []
    for at in range(0, len(texts), 256):
        for e in t.encode_batch(texts[at:at + 256]):
            parts.append(np.array([0] + e.ids, np.int16))
    return torch.from_numpy(np.concatenate(parts))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--goroot", required=True)
    a.add_argument("--out", required=True)
    a.add_argument("--steps", type=int, default=800)
    a.add_argument("--batch", type=int, default=16)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--save-every", type=int, default=200, help="steps between checkpoints that can be used already")
    a.add_argument("--compile", action="store_true", help="compile the model first (takes a C++ compiler, saves 15 %%)")
    a.add_argument("--text", help="only write each 17th file that is trained on into this one, for a classifier to "
                                  "learn from")
    train(a.parse_args())


def optimizers_of(model):
    """Muon for the blocks' matrices, AdamW for the rest, each with its learning rate."""
    matrices = [p for n, p in model.named_parameters() if p.dim() > 1 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() < 2 or "embed" in n]
    adam = torch.optim.AdamW(others, 3e-3, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    return [(Muon(matrices, 0.02), 0.02), (adam, 3e-3)]


def train(a):
    torch.manual_seed(1)
    torch.set_num_threads(a.threads)
    os.makedirs(a.out, exist_ok=True)

    all_files = list(files(a.goroot))
    texts = [t for p, t in all_files if not held_out(p)]
    test = [t for p, t in all_files if held_out(p)]
    if a.text:
        with open(a.text, "w") as f:
            f.write("\n".join(texts[::17]))
        return
    digest = hashlib.sha256("\0".join(p + "\0" + t for p, t in all_files).encode()).hexdigest()
    print(f"{len(texts)} files to train on, {sum(map(len, texts)) / 1e6:.1f} MB; {len(test)} held out, "
          f"{sum(map(len, test)) / 1e6:.2f} MB; sha256 {digest}", flush=True)
    t = tokenizer(texts)
    t.save(os.path.join(a.out, "tokenizer.json"))
    ids, test_ids = encode(t, texts), encode(t, test)
    test_bytes = sum(len(x.encode()) for x in test)
    print(f"{len(ids)} tokens, {sum(len(x.encode()) for x in texts) / len(ids):.2f} bytes each", flush=True)

    model = Model()
    net = torch.compile(model) if a.compile else model
    parameters = sum(p.numel() for p in model.parameters())
    optimizers = optimizers_of(model)
    generator, start = torch.Generator().manual_seed(2), time.time()
    for step in range(a.steps):
        share = min(1, (step + 1) / 30) * min(1, (a.steps - step) / (0.4 * a.steps))
        for o, lr in optimizers:
            o.param_groups[0]["lr"] = lr * share
        loss = loss_of(net, batch(ids, a.batch, generator))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o, _ in optimizers:
            o.step()
            o.zero_grad(set_to_none=True)
        if (step + 1) % 20 == 0:
            took, bits = time.time() - start, loss.item() / math.log(2)
            print(f"{took:.0f} s, step {step + 1}: {bits:.3f} bits a token", flush=True)
        if (step + 1) % a.save_every == 0 and step + 1 < a.steps:
            export(model, a.out)
            part = bits_per_byte(model, test_ids, test_bytes, 40_000)
            print(f"held out: {part:.3f} bits a byte (of a part)", flush=True)
    export(model, a.out)
    with open(os.path.join(a.out, "sensitivity.safetensors"), "wb") as f:
        f.write(save(sensitivities(model, ids, 256, generator), {"format": "pt"}))
    for name in ["model.safetensors", "tokenizer.json", "sensitivity.safetensors"]:
        pack(os.path.join(a.out, name))
    with open(os.path.join(a.out, "heldout.txt"), "w") as f:
        f.write("\n".join(test))
    with open(os.path.join(a.out, "heldout.txt.gz"), "wb") as f:  # what the program carries
        f.write(gzip.compress("\n".join(test).encode(), 9, mtime=0))
    model.half().float()  # what was written
    result = dict(
        files=len(texts), held_out_files=len(test), corpus_sha256=digest, parameters=parameters, tokens=len(ids),
        steps=a.steps, tokens_seen=a.steps * a.batch * CONTEXT, minutes=round((time.time() - start) / 60, 1),
        torch=torch.__version__, bits_per_byte=bits_per_byte(model, test_ids, test_bytes), held_out_bytes=test_bytes,
        held_out_tokens=len(test_ids), licence="trained on the sources of go1.26.8, BSD-3-Clause, The Go Authors")
    write(a.out, "train.json", result)
    print(json.dumps(result), flush=True)
    result["order5_bits_per_byte"] = order5("\n".join(texts).encode(), "\n".join(test).encode())
    write(a.out, "train.json", result)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
