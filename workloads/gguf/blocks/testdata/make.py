"""Writes values.safetensors: what gguf 0.19.0 (PyPI), llama.cpp's own library, makes of the tensors of ../../testdata/types.gguf,
as fp32. numpy 2.4.6, safetensors 0.8.0."""

import pathlib

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
out = {}
for t in GGUFReader(HERE.parent.parent / "testdata" / "types.gguf").tensors:
    try:
        values = dequantize(t.data, t.tensor_type)
    except NotImplementedError:
        continue
    if t.name.startswith(("w.I8", "w.I16", "w.I32", "w.I64", "w.F64", "w.IQ1", "w.IQ2", "w.IQ3")):
        continue
    out[t.name] = np.ascontiguousarray(values.astype(np.float32).reshape(3, 256))
save_file(out, HERE / "values.safetensors")
print(sorted(out))
