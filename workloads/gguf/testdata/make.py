"""Writes the GGUF files of this folder and what is in them, with gguf 0.19.0 (PyPI), which is llama.cpp's own writer.

types.gguf has a tensor of each type of weights, and metadata of each type of values; types.json says what the library itself
reads of it.
"""

import json
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter

ACTIVATIONS = {"Q8_1", "Q8_K"}  # types of activations, and those that the project does not read
LATER = {"NVFP4", "Q1_0"}


def write(path):
    rng = np.random.default_rng(17)
    w = GGUFWriter(path, "llama")
    w.add_uint8("t.u8", 200)
    w.add_int8("t.i8", -100)
    w.add_uint16("t.u16", 60000)
    w.add_int16("t.i16", -30000)
    w.add_uint32("t.u32", 4000000000)
    w.add_int32("t.i32", -2000000000)
    w.add_uint64("t.u64", 1 << 60)
    w.add_int64("t.i64", -(1 << 60))
    w.add_float32("t.f32", 0.5)
    w.add_float64("t.f64", 1e-300)
    w.add_bool("t.bool", True)
    w.add_string("t.string", "schön")
    w.add_array("t.strings", ["a", "", "▁c"])
    w.add_array("t.ints", [1, -2, 3])
    w.add_array("t.floats", [0.5, -0.25])
    for t, (block, size) in GGML_QUANT_SIZES.items():
        if t.name in ACTIVATIONS | LATER:
            continue
        rows, k = 3, 256
        raw = rng.integers(0, 256, (rows, k // block * size), dtype=np.uint8)
        w.add_tensor("w." + t.name, raw, raw_dtype=t)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def seen(path):
    r = GGUFReader(path)
    meta = {}
    for key, f in r.fields.items():
        if key.startswith("t."):
            meta[key] = f.contents()
    tensors = []
    for t in r.tensors:
        raw = t.data.tobytes()
        tensors.append({"name": t.name, "type": t.tensor_type.name, "shape": [int(n) for n in reversed(t.shape)], "bytes": int(t.n_bytes),
                        "first": raw[:4].hex(), "last": raw[-4:].hex()})
    return {"meta": meta, "tensors": tensors}


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    write(folder + "/types.gguf")
    with open(folder + "/types.json", "w", encoding="utf-8") as f:
        json.dump(seen(folder + "/types.gguf"), f, indent=1, ensure_ascii=False)
        f.write("\n")
