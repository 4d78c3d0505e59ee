"""Writes checkpoints with torch 2.15.0, and the same values with safetensors 0.8.0."""
import collections, pathlib
import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
torch.manual_seed(17)
base = torch.randn(4, 6)
state = {"f32": torch.randn(3, 5), "f16": torch.randn(2, 3, 4).half(), "bf16": torch.randn(7).bfloat16(), "part": base[1:3], "one": torch.tensor(2.5), "first": base[:1, :], "again": base[1:3]}
save_file({k: v.clone().contiguous() for k, v in state.items()}, HERE / "values.safetensors")
torch.save(state, HERE / "dict.bin")
torch.save(collections.OrderedDict(state), HERE / "ordered.bin")
torch.save({k: torch.nn.Parameter(v) for k, v in state.items()}, HERE / "parameters.bin")
torch.save(state, HERE / "protocol4.bin", pickle_protocol=4)


class Module(torch.nn.Module):  # its state_dict() has _metadata
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(3, 2)


m = Module()
torch.save(m.state_dict(), HERE / "module.bin")
# What is refused.
torch.save(state, HERE / "old.bin", _use_new_zipfile_serialization=False)
torch.save({"t": base.t()}, HERE / "transposed.bin")
torch.save({"n": torch.arange(4)}, HERE / "long.bin")
torch.save({"model": state}, HERE / "nested.bin")
torch.save({"epoch": 3}, HERE / "number.bin")
torch.save([base], HERE / "list.bin")
torch.save(m, HERE / "whole.bin")


class Evil:
    def __reduce__(self):
        import os
        return os.system, ("echo owned",)


torch.save({"x": Evil()}, HERE / "evil.bin")
