#!/usr/bin/env python3
"""Writes the fixed case that TestClassifier compares with, from Python's standard library alone:

    cd workloads/precision/classifier/testdata && python3 kv_classifier.py

It is written from the description of PMPD's KV classifier as tensor operations on nested lists, one function per operation,
apart from the Go code: two heads of three values, five tokens. Outputs: classifier.safetensors (F32), kv.safetensors (key
F16, value BF16), kv_classifier.json (the scores, and what the first linear gets).
"""
import json
import math
import struct

H, D, T, CLASSES = 2, 3, 5, 4


def numbers(count, seed, scale):
    """A linear congruential generator (Numerical Recipes): the same values everywhere."""
    out, x = [], seed
    for _ in range(count):
        x = (1664525 * x + 1013904223) % 2**32
        out.append((x / 2**32 - 0.5) * scale)
    return out


def f32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]


def bf16(v):
    return struct.unpack("<f", b"\0\0" + struct.pack("<f", v)[2:])[0]  # truncated


def f16(v):
    return struct.unpack("<e", struct.pack("<e", v))[0]


PACK = {"F32": lambda v: struct.pack("<f", v), "F16": lambda v: struct.pack("<e", v), "BF16": lambda v: struct.pack("<f", v)[2:]}


def save(path, tensors):
    header, data = {"__metadata__": {"made_by": "kv_classifier.py"}}, b""
    for name, (dtype, shape, values) in tensors.items():
        raw = b"".join(PACK[dtype](v) for v in values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def shaped(flat, *shape):
    if len(shape) == 1:
        return list(flat)
    step = len(flat) // shape[0]
    return [shaped(flat[i * step:(i + 1) * step], *shape[1:]) for i in range(shape[0])]


def matmul(a, b):
    return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]


def transpose(a):
    return [list(row) for row in zip(*a)]


def softmax(row):
    e = [math.exp(v) for v in row]
    return [v / sum(e) for v in e]


def mean_heads(x):  # [H][T][D] -> [T][D]
    return [[sum(x[h][t][d] for h in range(H)) / H for d in range(D)] for t in range(T)]


def layer_norm(x, weight, bias):
    mean = sum(x) / len(x)
    var = sum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / math.sqrt(var + 1e-5) * w + b for v, w, b in zip(x, weight, bias)]


def linear(x, weight, bias):
    return [sum(w * v for w, v in zip(row, x)) + b for row, b in zip(weight, bias)]


def main():
    n = H * D
    weights = {
        "query": [H, H, D], "project.0.weight": [n, n], "project.0.bias": [n], "project.2.weight": [CLASSES, n],
        "project.2.bias": [CLASSES], "ln.weight": [n], "ln.bias": [n],
    }
    tensors = {}
    for seed, (name, shape) in enumerate(weights.items(), start=1):
        tensors[name] = ("F32", shape, [f32(v) for v in numbers(math.prod(shape), seed, 1.5)])
    key = [f16(v) for v in numbers(H * T * D, 11, 6.0)]
    value = [bf16(v) for v in numbers(H * T * D, 12, 2.0)]
    save("classifier.safetensors", tensors)
    save("kv.safetensors", {"key": ("F16", [H, T, D], key), "value": ("BF16", [H, T, D], value)})

    w = {name: shaped(values, *shape) for name, (_, shape, values) in tensors.items()}
    k, v = mean_heads(shaped(key, H, T, D)), mean_heads(shaped(value, H, T, D))
    heads = []
    for q in w["query"]:  # [H][D] of one head
        scores = [[s / math.sqrt(D) for s in row] for row in matmul(q, transpose(k))]
        attended = matmul([softmax(row) for row in scores], v)  # [H][D]
        heads.append([sum(col) / H for col in zip(*attended)])
    x = [v for row in transpose(heads) for v in row]  # transpose(-2, -1), then view(B, -1)
    h = [max(v, 0.0) for v in linear(layer_norm(x, w["ln.weight"], w["ln.bias"]), w["project.0.weight"], w["project.0.bias"])]
    scores = softmax(linear(h, w["project.2.weight"], w["project.2.bias"]))
    with open("kv_classifier.json", "w") as f:
        json.dump({"pooled": x, "scores": scores}, f, indent=1)
        f.write("\n")


main()
