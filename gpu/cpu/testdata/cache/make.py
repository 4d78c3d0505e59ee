"""Makes the golden beside it: what a small llama with a quantised cache computes, in NumPy, and values with their codes.

    python make.py

The whole text is computed at once, without a cache that is appended to: a query at position p reads the values that the
codes of positions 0…p stand for; of keys whose channels have scales, only the codes of spans that end before p's own. Values
are rounded to binary16 where an engine stores them. Weights are those of ../transformers/make.py: computed from their names.
"""
import json, pathlib, sys
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "transformers"))
from make import spread_of, value

assert np.__version__ == "2.4.6", np.__version__
HERE = pathlib.Path(__file__).parent
PROMPT, DECODED = 40, 26
HIDDEN, LAYERS, HEADS, KV, DIM, FFN, VOCAB, THETA, EPS = 64, 2, 4, 2, 64, 96, 96, 10000.0, 1e-6
KEPT = [0, 33, 65]  # positions whose keys and values are written
STEPS = [0, 23, 24, 26]  # passes whose logits are
f32 = np.float32


class config:
    model_type = "llama"


def half(x):
    return np.asarray(x, f32).astype(np.float16).astype(f32)


def coded(x, bits, zero_points):
    """What the codes of the last axis, which shares a scale, stand for."""
    if zero_points:
        zero, low, high = x.min(-1, keepdims=True), 0, 2**bits - 1
        scale = half((x.max(-1, keepdims=True) - zero) / f32(high))
    else:
        zero, high = f32(0), 2 ** (bits - 1) - 1
        low, scale = -high, half(np.abs(x).max(-1, keepdims=True) / f32(high))
    with np.errstate(divide="ignore", invalid="ignore"):
        codes = np.where(scale > 0, np.clip(np.rint((x - zero) / scale), low, high), 0).astype(f32)
    return half(codes * scale + zero)


def stored(x, bits, group, zero_points=False, channel=False):
    """x [positions, heads, dim] as the cache gives it back; a group of None is a head."""
    if bits == 16:
        return x
    n, heads, dim = x.shape
    if not channel:
        group = group or dim
        return coded(x.reshape(n, heads, dim // group, group), bits, zero_points).reshape(x.shape)
    whole = n // group * group
    spans = x[:whole].reshape(-1, group, heads, dim).transpose(0, 2, 3, 1)
    out = x.copy()
    out[:whole] = coded(spans, bits, zero_points).transpose(0, 3, 1, 2).reshape(whole, heads, dim)
    return out


def weights():
    w, tensors = {}, []
    shapes = {"model.embed_tokens": (VOCAB, HIDDEN), "lm_head": (VOCAB, HIDDEN), "model.norm": (HIDDEN,)}
    for l in range(LAYERS):
        at = f"model.layers.{l}."
        shapes |= {at + "input_layernorm": (HIDDEN,), at + "post_attention_layernorm": (HIDDEN,), at + "self_attn.q_proj": (HEADS * DIM, HIDDEN),
                   at + "self_attn.k_proj": (KV * DIM, HIDDEN), at + "self_attn.v_proj": (KV * DIM, HIDDEN), at + "self_attn.o_proj": (HIDDEN, HEADS * DIM),
                   at + "mlp.gate_proj": (FFN, HIDDEN), at + "mlp.up_proj": (FFN, HIDDEN), at + "mlp.down_proj": (HIDDEN, FFN)}
    for name, shape in sorted(shapes.items()):
        mean, spread = spread_of(name + ".weight", shape, config)
        w[name] = value(name + ".weight", shape, mean, spread).astype(f32)
        tensors.append(dict(name=name + ".weight", shape=list(shape), mean=mean, spread=spread))
    return w, tensors


def norm(x, w):
    return half(x / np.sqrt((x * x).mean(-1, keepdims=True) + f32(EPS)) * w)


def rotated(x):
    angles = np.arange(len(x))[:, None] * THETA ** (-2 * np.arange(DIM // 2) / DIM)
    cos, sin = np.cos(angles).astype(f32)[:, None], np.sin(angles).astype(f32)[:, None]
    a, b = x[..., : DIM // 2], x[..., DIM // 2 :]
    return half(np.concatenate([a * cos - b * sin, b * cos + a * sin], -1))


def run(w, ids, keys, values, zero_points=False, channel=False, group=None):
    x, n = w["model.embed_tokens"][ids], len(ids)
    position = np.arange(n)
    for l in range(LAYERS):
        at = f"model.layers.{l}."
        h = norm(x, w[at + "input_layernorm"])
        q, k, v = (half(h @ w[at + f"self_attn.{p}_proj"].T).reshape(n, -1, DIM) for p in "qkv")
        q, k = rotated(q), rotated(k)
        kq, vq = stored(k, keys, group, zero_points, channel), stored(v, values, group, zero_points)
        read = lambda p: np.where((position < p // group * group)[:, None, None], kq, k) if channel and keys < 16 else kq
        out = np.zeros((n, HEADS, DIM), f32)
        for p in range(n):
            for head in range(HEADS):
                of = head // (HEADS // KV)
                scores = read(p)[: p + 1, of] @ q[p, head] / f32(np.sqrt(DIM))
                e = np.exp(scores - scores.max())
                out[p, head] = e @ vq[: p + 1, of] / e.sum()
        x = half(x + half(half(out.reshape(n, -1)) @ w[at + "self_attn.o_proj"].T))
        h = norm(x, w[at + "post_attention_layernorm"])
        gate, up = half(h @ w[at + "mlp.gate_proj"].T), half(h @ w[at + "mlp.up_proj"].T)
        x = half(x + half(half(gate / (1 + np.exp(-gate)) * up) @ w[at + "mlp.down_proj"].T))
    return half(norm(x, w["model.norm"]) @ w["lm_head"].T), kq, vq


CASES = {"16": dict(keys=16, values=16), "8": dict(keys=8, values=8), "4": dict(keys=4, values=4), "4/8,group=32": dict(keys=4, values=8, group=32),
         "3,zero_points": dict(keys=3, values=3, zero_points=True), "16/2,group=32,zero_points": dict(keys=16, values=2, group=32, zero_points=True),
         "2,group=32,key_scales=channel,zero_points": dict(keys=2, values=2, group=32, channel=True, zero_points=True)}

if __name__ == "__main__":
    w, tensors = weights()
    ids = [(i * 37 + 11) % VOCAB for i in range(PROMPT + DECODED)]
    written = dict(model_type="llama", hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV, head_dim=DIM,
                   intermediate_size=FFN, vocab_size=VOCAB, max_position_embeddings=128, rope_theta=THETA, rms_norm_eps=EPS, hidden_act="silu",
                   tie_word_embeddings=False, attention_bias=False, mlp_bias=False, eos_token_id=2)
    plain = None
    cases = []
    for name, as_ in CASES.items():
        logits, k, v = run(w, ids, **as_)
        plain = logits if plain is None else plain
        some = logits[[PROMPT - 1 + i for i in STEPS]]
        print(f"{name}: {np.linalg.norm(logits - plain) / np.linalg.norm(plain):.4f} off fp16")
        cases.append(dict(cache=name, logits=some.tolist(), keys=k[KEPT].tolist(), values=v[KEPT].tolist()))
    rows = []
    # The last are so small that their scale is no normal binary16, or 0: codes end at the ends of their range.
    for i, (bits, zero_points, spread) in enumerate([(8, False, 3), (4, False, 3), (3, False, 3), (2, False, 3), (8, True, 3), (4, True, 3), (2, True, 3),
                                                     (8, False, 1e-5), (8, True, 1e-5), (8, False, 1e-6)]):
        x = half(value(f"row {i}", (64,), 0.5 if zero_points and spread == 3 else 0.0, spread))
        y = coded(x, bits, zero_points)
        rows.append(dict(bits=bits, zero_points=zero_points, x=x.tolist(), y=y.tolist()))
    dump = lambda v: json.dumps(v, separators=(",", ":"))
    lines = [f' "source": "numpy {np.__version__}"', f' "prompt": {PROMPT}', f' "tokens": {dump(ids)}', f' "config": {dump(written)}',
             ' "tensors": [\n' + ",\n".join("  " + dump(t) for t in tensors) + "\n ]", f' "steps": {STEPS}', f' "kept": {KEPT}',
             ' "rows": [\n' + ",\n".join("  " + dump(r) for r in rows) + "\n ]", ' "cases": [\n' + ",\n".join("  " + dump(c) for c in cases) + "\n ]"]
    (HERE / "cache.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
