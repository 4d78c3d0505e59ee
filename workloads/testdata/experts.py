"""Counts the parameters of models with experts, with transformers on the meta device, into experts.json.

    pip install transformers==5.24.0 torch
    python experts.py > experts.json

Shapes are those of the models' config.json on huggingface.co, recalled; the published totals, where there are any, are the
safetensors totals shown there. "active" leaves out the experts that a token does not take, and nothing else: embedding, head
and norms count.
"""

import json

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

MODELS = [
    ("Qwen/Qwen3-30B-A3B", 30532122624, dict(
        model_type="qwen3_moe", hidden_size=2048, num_hidden_layers=48, num_attention_heads=32, num_key_value_heads=4, head_dim=128,
        intermediate_size=6144, moe_intermediate_size=768, num_experts=128, num_experts_per_tok=8, norm_topk_prob=True,
        decoder_sparse_step=1, mlp_only_layers=[], vocab_size=151936, max_position_embeddings=40960, sliding_window=None,
        use_sliding_window=False, max_window_layers=48, hidden_act="silu", tie_word_embeddings=False, attention_bias=False)),
    ("Qwen/Qwen3-235B-A22B", 235093634560, dict(
        model_type="qwen3_moe", hidden_size=4096, num_hidden_layers=94, num_attention_heads=64, num_key_value_heads=4, head_dim=128,
        intermediate_size=12288, moe_intermediate_size=1536, num_experts=128, num_experts_per_tok=8, vocab_size=151936,
        max_position_embeddings=40960, sliding_window=None, tie_word_embeddings=False)),
    ("Qwen/Qwen1.5-MoE-A2.7B", 14315784192, dict(
        model_type="qwen2_moe", hidden_size=2048, num_hidden_layers=24, num_attention_heads=16, num_key_value_heads=16,
        intermediate_size=5632, moe_intermediate_size=1408, shared_expert_intermediate_size=5632, num_experts=60,
        num_experts_per_tok=4, vocab_size=151936, max_position_embeddings=8192, sliding_window=32768, use_sliding_window=False,
        max_window_layers=21, tie_word_embeddings=False)),
    ("Qwen/Qwen2-57B-A14B", None, dict(
        model_type="qwen2_moe", hidden_size=3584, num_hidden_layers=28, num_attention_heads=28, num_key_value_heads=4,
        intermediate_size=18944, moe_intermediate_size=2560, shared_expert_intermediate_size=20480, num_experts=64,
        num_experts_per_tok=8, vocab_size=151936, max_position_embeddings=131072, sliding_window=65536, use_sliding_window=False,
        max_window_layers=28, tie_word_embeddings=False)),
    ("mistralai/Mixtral-8x7B-v0.1", 46702792704, dict(
        model_type="mixtral", hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8,
        intermediate_size=14336, num_local_experts=8, num_experts_per_tok=2, vocab_size=32000, max_position_embeddings=32768,
        sliding_window=None, hidden_act="silu", tie_word_embeddings=False)),
    ("mistralai/Mixtral-8x22B-v0.1", 140620634112, dict(
        model_type="mixtral", hidden_size=6144, num_hidden_layers=56, num_attention_heads=48, num_key_value_heads=8,
        intermediate_size=16384, num_local_experts=8, num_experts_per_tok=2, vocab_size=32000, max_position_embeddings=65536,
        sliding_window=None, tie_word_embeddings=False)),
    ("microsoft/Phi-3.5-MoE-instruct", 41873153344, dict(
        model_type="phimoe", hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8,
        intermediate_size=6400, num_local_experts=16, num_experts_per_tok=2, vocab_size=32064, max_position_embeddings=131072,
        sliding_window=131072, attention_bias=True, lm_head_bias=True, tie_word_embeddings=False)),
    ("ibm-granite/granite-3.0-1b-a400m-base", None, dict(
        model_type="granitemoe", hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, num_key_value_heads=8,
        intermediate_size=512, num_local_experts=32, num_experts_per_tok=8, vocab_size=49155, max_position_embeddings=4096,
        tie_word_embeddings=True, attention_bias=False)),
    ("ibm-granite/granite-3.0-3b-a800m-base", None, dict(
        model_type="granitemoe", hidden_size=1536, num_hidden_layers=32, num_attention_heads=24, num_key_value_heads=8,
        intermediate_size=512, num_local_experts=40, num_experts_per_tok=8, vocab_size=49155, max_position_embeddings=4096,
        tie_word_embeddings=True)),
    ("two of four layers sparse", None, dict(
        model_type="qwen2_moe", hidden_size=64, num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=96, moe_intermediate_size=32, shared_expert_intermediate_size=48, num_experts=5, num_experts_per_tok=2,
        decoder_sparse_step=2, mlp_only_layers=[3], vocab_size=100, max_position_embeddings=256, tie_word_embeddings=False)),
    ("allenai/OLMoE-1B-7B-0924", 6919161856, dict(
        model_type="olmoe", hidden_size=2048, num_hidden_layers=16, num_attention_heads=16, num_key_value_heads=16,
        intermediate_size=1024, num_experts=64, num_experts_per_tok=8, vocab_size=50304, max_position_embeddings=4096,
        clip_qkv=None, attention_bias=False, tie_word_embeddings=False)),
    ("ibm-granite/granite-4.0-tiny, as if without mamba", None, dict(
        model_type="granitemoeshared", hidden_size=1536, num_hidden_layers=40, num_attention_heads=12, num_key_value_heads=4,
        intermediate_size=512, shared_intermediate_size=1024, num_local_experts=62, num_experts_per_tok=6, vocab_size=49160,
        max_position_embeddings=131072, tie_word_embeddings=True)),
    ("rednote-hilab/dots.llm1.base", None, dict(
        model_type="dots1", hidden_size=4096, num_hidden_layers=62, num_attention_heads=32, num_key_value_heads=32, head_dim=128,
        intermediate_size=10944, moe_intermediate_size=1408, n_routed_experts=128, n_shared_experts=2, num_experts_per_tok=6,
        first_k_dense_replace=1, norm_topk_prob=True, vocab_size=152064, max_position_embeddings=32768, sliding_window=None,
        tie_word_embeddings=False)),
    ("zai-org/GLM-4.5-Air, without its MTP layer", None, dict(
        model_type="glm4_moe", hidden_size=4096, num_hidden_layers=46, num_attention_heads=96, num_key_value_heads=8, head_dim=128,
        intermediate_size=10944, moe_intermediate_size=1408, n_routed_experts=128, n_shared_experts=1, num_experts_per_tok=8,
        first_k_dense_replace=1, norm_topk_prob=True, attention_bias=True, use_qk_norm=False, partial_rotary_factor=0.5,
        n_group=1, topk_group=1, vocab_size=151552, max_position_embeddings=131072, tie_word_embeddings=False)),
    ("zai-org/GLM-4.5, without its MTP layer", None, dict(
        model_type="glm4_moe", hidden_size=5120, num_hidden_layers=92, num_attention_heads=96, num_key_value_heads=8, head_dim=128,
        intermediate_size=12288, moe_intermediate_size=1536, n_routed_experts=160, n_shared_experts=1, num_experts_per_tok=8,
        first_k_dense_replace=3, norm_topk_prob=True, attention_bias=True, use_qk_norm=True, partial_rotary_factor=0.5,
        n_group=1, topk_group=1, vocab_size=151552, max_position_embeddings=131072, tie_word_embeddings=False)),
    ("deepseek-ai/DeepSeek-V2-Lite", 15706484224, dict(
        model_type="deepseek_v2", hidden_size=2048, num_hidden_layers=27, num_attention_heads=16, num_key_value_heads=16,
        intermediate_size=10944, moe_intermediate_size=1408, n_routed_experts=64, n_shared_experts=2, num_experts_per_tok=6,
        first_k_dense_replace=1, moe_layer_freq=1, n_group=1, topk_group=1, topk_method="greedy", scoring_func="softmax",
        norm_topk_prob=False, kv_lora_rank=512, q_lora_rank=None, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128,
        vocab_size=102400, max_position_embeddings=163840, tie_word_embeddings=False, attention_bias=False)),
    ("deepseek-ai/DeepSeek-V3", 671026419200, dict(
        model_type="deepseek_v3", hidden_size=7168, num_hidden_layers=61, num_attention_heads=128, num_key_value_heads=128,
        intermediate_size=18432, moe_intermediate_size=2048, n_routed_experts=256, n_shared_experts=1, num_experts_per_tok=8,
        first_k_dense_replace=3, n_group=8, topk_group=4, norm_topk_prob=True, kv_lora_rank=512, q_lora_rank=1536,
        qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128, vocab_size=129280, max_position_embeddings=163840,
        tie_word_embeddings=False, attention_bias=False)),
    ("meta-llama/Llama-4-Scout-17B-16E, text part", None, dict(
        model_type="llama4_text", hidden_size=5120, num_hidden_layers=48, num_attention_heads=40, num_key_value_heads=8, head_dim=128,
        intermediate_size=8192, intermediate_size_mlp=16384, num_local_experts=16, num_experts_per_tok=1,
        interleave_moe_layer_step=1, vocab_size=202048, max_position_embeddings=262144, tie_word_embeddings=False)),
    ("meta-llama/Llama-4-Maverick-17B-128E, text part", None, dict(
        model_type="llama4_text", hidden_size=5120, num_hidden_layers=48, num_attention_heads=40, num_key_value_heads=8, head_dim=128,
        intermediate_size=8192, intermediate_size_mlp=16384, num_local_experts=128, num_experts_per_tok=1,
        interleave_moe_layer_step=2, vocab_size=202048, max_position_embeddings=1048576, tie_word_embeddings=False)),
]


def count(config):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    total = routed = 0
    for name, p in model.named_parameters():  # tied ones once
        total += p.numel()
        if ".experts." in name:
            routed += p.numel()
    total += sum(b.numel() for name, b in model.named_buffers() if name.endswith("e_score_correction_bias"))  # stored with the weights
    experts = config.get("num_experts") or config.get("num_local_experts") or config.get("n_routed_experts")
    per_token = config["num_experts_per_tok"]
    assert routed % experts == 0
    return total, total - routed // experts * (experts - per_token)


def main():
    rows = []
    for name, published, config in MODELS:
        total, active = count(config)
        row = dict(name=name, total=total, active=active)
        if published is not None:
            row["published"] = published
        rows.append(dict(row, config=config))
    source = f"transformers {transformers.__version__} on the meta device (experts.py); published: safetensors totals shown on huggingface.co"
    print("{\n" + f'  "source": {json.dumps(source)},\n  "models": [')
    print(",\n".join("    " + json.dumps(r) for r in rows))
    print("  ]\n}")


main()
