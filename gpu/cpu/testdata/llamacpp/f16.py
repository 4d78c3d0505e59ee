# f16.py FROM.gguf TO.gguf: the same model with its matrices in F16, for llama.cpp and the engine to run side by side.
# gguf 0.19.0, numpy 2.4.6
import sys, numpy as np
from gguf import GGUFReader, GGUFWriter, GGUFValueType, GGMLQuantizationType
from gguf.quants import dequantize
src, dst = sys.argv[1:]
r = GGUFReader(src)
arch = r.get_field('general.architecture').contents()
w = GGUFWriter(dst, arch)
for f in r.fields.values():
    if f.name.startswith('GGUF.') or f.name in ('general.architecture',): continue
    t = f.types[0]; v = f.contents()
    if f.name == 'general.file_type': v = 1
    if t == GGUFValueType.ARRAY: w.add_key_value(f.name, v, t, f.types[-1])
    else: w.add_key_value(f.name, v, t)
for t in r.tensors:
    x = dequantize(t.data, t.tensor_type).astype(np.float32)
    x = x.reshape([int(n) for n in reversed(t.shape)])
    if x.ndim == 1: w.add_tensor(t.name, x)
    else: w.add_tensor(t.name, x.astype(np.float16))
w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
