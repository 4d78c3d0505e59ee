"""Writes a checkpoint of Any-Precision LLM with the planes that its own pack.py makes (SNU-ARC/any-precision-llm @638f75d), and
what its codes stand for. torch 2.15.0, transformers 5.24.0, numpy 2.4.6, safetensors 0.8.0:

    python3 make.py any-precision-llm/any_precision/quantization/pack.py
"""
import importlib.util, pathlib, sys, types
import numpy as np, torch
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, LlamaConfig

for name in ("numba", "tqdm"):  # numba only makes it fast
    module = types.ModuleType(name)
    module.njit = lambda *a, **k: (lambda f: f)
    module.tqdm = lambda x, **k: x
    sys.modules.setdefault(name, module)
spec = importlib.util.spec_from_file_location("pack", sys.argv[1])
pack = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pack)
permute = pack._permute_bitmaps
pack._permute_bitmaps = lambda b: np.ascontiguousarray(permute(b))  # as numba's are

HERE = pathlib.Path(__file__).parent
SEED, PARENT, WIDE = 3, 4, 1088  # columns of one warp, and of a part of one
rng = np.random.default_rng(17)
torch.manual_seed(17)
config = LlamaConfig(vocab_size=32, hidden_size=32, intermediate_size=WIDE, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=64)
model = AutoModelForCausalLM.from_config(config, dtype=torch.float16)
state, expected = {}, {}
for key, value in model.state_dict().items():
    if value.dim() != 2 or ".layers." not in key:
        state[key] = value
        continue
    name, (n, k) = key.removesuffix(".weight"), value.shape
    codes = rng.integers(0, 1 << PARENT, (n, k), dtype=np.uint8)
    bits = np.stack([np.packbits((codes.flatten() & (1 << b)).astype(bool)).reshape(n, k // 8) for b in range(PARENT - 1, -1, -1)])
    state[name + ".qweight"] = torch.from_numpy(pack._permute_bitmaps_int32(bits))
    for b in range(SEED, PARENT + 1):
        lut = np.sort(rng.normal(0, 0.1, (n, 1 << b)).astype(np.float16))
        state[f"{name}.lut{b}"] = torch.from_numpy(lut)
        expected[f"{name}.{b}"] = np.take_along_axis(lut, (codes >> (PARENT - b)).astype(np.int64), 1)[:3]
config.anyprec = {"seed_precision": SEED, "parent_precision": PARENT, "group_count": 1, "arch_config": {}, "sparse_numvals": {}}
config.save_pretrained(HERE)
torch.save(state, HERE / "pytorch_model.bin")
save_file(expected, HERE / "expected.safetensors")
