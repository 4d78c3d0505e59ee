"""The oracle of teacher-forced evaluation: a Llama in NumPy, in float64, whose weights change from pass to pass.

    pip install numpy==2.4.6 safetensors==0.8.0
    PMPDSIM_PYTHON=python go test ./gpu/eval -run TestAgainstNumPy -update

The test writes DIR/BITS/model.safetensors with what the weights stand for at each width, and DIR/job.json: texts, tokens of the
prompt, and the widths of the passes, prefill's first. Printed are, for each text, ln of the probability of each token behind the
prompt, and the KL of its distribution from that of fp16.
"""

import json, os, sys

import numpy as np
from safetensors.numpy import load_file

folder = sys.argv[1]
job = json.load(open(os.path.join(folder, "job.json")))
config = json.load(open(os.path.join(folder, "16", "config.json")))
layers, heads, kv = config["num_hidden_layers"], config["num_attention_heads"], config["num_key_value_heads"]
dim = config["hidden_size"] // heads
weights = {b: {n: t.astype(np.float64) for n, t in load_file(os.path.join(folder, str(b), "model.safetensors")).items()} for b in set(job["bits"]) | {16}}


def norm(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + config["rms_norm_eps"]) * w


def rotate(x, positions):  # [tokens, heads, dim]
    angle = np.outer(positions, config["rope_theta"] ** (-np.arange(0, dim, 2) / dim))[:, None]
    a, b = np.split(x, 2, -1)
    return np.concatenate((a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)), -1)


def run(ids, w, cache):
    """Reads tokens behind the cache, which grows; the logits of the last."""
    past = cache[0][0].shape[0] if cache[0] else 0
    positions = np.arange(past, past + len(ids))
    x = w["model.embed_tokens.weight"][ids]
    for l in range(layers):
        p = lambda name: w[f"model.layers.{l}.{name}.weight"]
        y = norm(x, p("input_layernorm"))
        q = rotate((y @ p("self_attn.q_proj").T).reshape(len(ids), heads, dim), positions)
        k = rotate((y @ p("self_attn.k_proj").T).reshape(len(ids), kv, dim), positions)
        v = (y @ p("self_attn.v_proj").T).reshape(len(ids), kv, dim)
        if cache[l]:
            k, v = np.concatenate((cache[l][0], k)), np.concatenate((cache[l][1], v))
        cache[l] = (k, v)
        k, v = np.repeat(k, heads // kv, 1), np.repeat(v, heads // kv, 1)
        score = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(dim)
        score[:, positions[:, None] < np.arange(len(k))] = -np.inf
        p_ = np.exp(score - score.max(-1, keepdims=True))
        x = x + np.einsum("hqk,khd->qhd", p_ / p_.sum(-1, keepdims=True), v).reshape(len(ids), -1) @ p("self_attn.o_proj").T
        y = norm(x, p("post_attention_layernorm"))
        gate = y @ p("mlp.gate_proj").T
        x = x + (gate / (1 + np.exp(-gate)) * (y @ p("mlp.up_proj").T)) @ p("mlp.down_proj").T
    head = w.get("lm_head.weight", w["model.embed_tokens.weight"])
    return norm(x[-1], w["model.norm.weight"]) @ head.T


def distributions(text, bits):
    cache, all = [None] * layers, []
    for i, b in enumerate(bits):
        ids = text[:job["prompt"]] if i == 0 else text[job["prompt"] + i - 1:job["prompt"] + i]
        z = run(ids, weights[b], cache)
        all.append(z - np.logaddexp.reduce(z))
    return all


out = []
for text in job["texts"]:
    p, q = distributions(text, [16] * len(job["bits"])), distributions(text, job["bits"])
    out.append(dict(text=text, fp16=[a[t] for a, t in zip(p, text[job["prompt"]:])], logp=[b[t] for b, t in zip(q, text[job["prompt"]:])],
                    kl=[(np.exp(a) * (a - b)).sum() for a, b in zip(p, q)]))
print(json.dumps(dict(weights_sha256=job["weights_sha256"], prompt=job["prompt"], bits=job["bits"], texts=out), indent=1))
