"""Counts the parameters of models with latent attention, with transformers on the meta device, into latent.json: of attention
alone (self_attn of a layer), and of the model.

    pip install transformers==5.24.0 torch
    python latent.py > latent.json

Kimi-K2 is counted as deepseek_v3, whose code it is; its shape and MiniCPM3's are those of their config.json on huggingface.co, recalled.
"""

import json

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

SMALL = dict(model_type="deepseek_v2", hidden_size=256, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4, intermediate_size=512,
             vocab_size=1000, max_position_embeddings=8192, n_routed_experts=4, num_experts_per_tok=2, first_k_dense_replace=2, kv_lora_rank=64,
             qk_nope_head_dim=32, qk_rope_head_dim=16, v_head_dim=48, q_lora_rank=96, tie_word_embeddings=False)

MODELS = [
    ("compressed queries", SMALL),
    ("queries as they are", dict(SMALL, q_lora_rank=None)),
    ("biases", dict(SMALL, attention_bias=True)),
    ("biases, queries as they are", dict(SMALL, attention_bias=True, q_lora_rank=None)),
    ("defaults of ranks", {k: v for k, v in SMALL.items() if not k.endswith("_dim") and not k.endswith("_rank")}),
    ("deepseek_v3", dict(SMALL, model_type="deepseek_v3")),
    ("openbmb/MiniCPM3-4B", dict(
        model_type="minicpm3", hidden_size=2560, num_hidden_layers=62, num_attention_heads=40, num_key_value_heads=40, intermediate_size=6400,
        kv_lora_rank=256, q_lora_rank=768, qk_nope_head_dim=64, qk_rope_head_dim=32, vocab_size=73448, max_position_embeddings=32768)),
    ("moonshotai/Kimi-K2-Instruct", dict(
        model_type="kimi_k2", hidden_size=7168, num_hidden_layers=61, num_attention_heads=64, num_key_value_heads=64, intermediate_size=18432,
        moe_intermediate_size=2048, n_routed_experts=384, n_shared_experts=1, num_experts_per_tok=8, first_k_dense_replace=1, n_group=1,
        topk_group=1, kv_lora_rank=512, q_lora_rank=1536, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128, vocab_size=163840,
        max_position_embeddings=131072, tie_word_embeddings=False)),
]


def count(config):
    config = dict(config)
    if config["model_type"] == "kimi_k2":
        config["model_type"] = "deepseek_v3"
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    total = attention = 0
    for name, p in model.named_parameters():
        total += p.numel()
        if name.startswith("model.layers.0.self_attn."):
            attention += p.numel()
    total += sum(b.numel() for name, b in model.named_buffers() if name.endswith("e_score_correction_bias"))  # stored with the weights
    return total, attention


def main():
    rows = []
    for name, config in MODELS:
        total, attention = count(config)
        rows.append(dict(name=name, total=total, attention=attention, config=config))
    print("{\n" + f'  "source": {json.dumps(f"transformers {transformers.__version__} on the meta device (latent.py)")},\n  "models": [')
    print(",\n".join("    " + json.dumps(r) for r in rows))
    print("  ]\n}")


main()
