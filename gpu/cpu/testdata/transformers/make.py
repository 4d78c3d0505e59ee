"""Makes the goldens beside it: logits of small random models as Hugging Face's transformers computes them.

    python make.py [CASE ...]        all cases, or those named

A golden has the model's config.json as transformers saves it, the tensors of its model.safetensors by name and shape,
and the logits after a prompt and after each of some more tokens. Values are no part of it: both sides compute them from
the names (see value). transformers runs in fp32 with weights that are binary16 numbers.
"""
import json, math, os, pathlib, sys, tempfile
import numpy as np
import torch, transformers
from safetensors import safe_open
from safetensors.numpy import save_file

PINNED = {"transformers": "5.24.0", "torch": "2.15.0"}
HERE = pathlib.Path(__file__).parent
PROMPT, DECODED = 24, 6
U64 = np.uint64

COMMON = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96,
              vocab_size=96, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2)

DROP = object()  # a key that the class does not have

# Of each case: what differs from COMMON, by the names of the configuration class. Windows are shorter than the prompt;
# caps and scales are such that leaving them out shows.
CASES = {
    "llama": dict(model_type="llama"),
    "llama3-rope": dict(model_type="llama", rope_theta=500000.0, max_position_embeddings=128, rope_scaling=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)),
    "mistral": dict(model_type="mistral", sliding_window=7),
    "qwen2": dict(model_type="qwen2", use_sliding_window=True, sliding_window=7, max_window_layers=1),
    "qwen3": dict(model_type="qwen3", head_dim=32),
    "phi": dict(model_type="phi", num_key_value_heads=4, partial_rotary_factor=0.5, hidden_act="gelu_new"),
    "phi-erf": dict(model_type="phi", num_key_value_heads=4, partial_rotary_factor=0.5, hidden_act="gelu"),
    "phi3": dict(model_type="phi3", sliding_window=9),
    "phi3-partial": dict(model_type="phi3", sliding_window=None, partial_rotary_factor=0.5, tie_word_embeddings=True),
    "stablelm": dict(model_type="stablelm", num_key_value_heads=4, use_qkv_bias=True, use_parallel_residual=True),
    "gemma2": dict(model_type="gemma2", head_dim=32, query_pre_attn_scalar=4, sliding_window=7,
                   attn_logit_softcapping=2.0, final_logit_softcapping=3.0),
    "mixtral": dict(model_type="mixtral", num_local_experts=5, num_experts_per_tok=2),
    "qwen2_moe": dict(model_type="qwen2_moe", num_experts=5, num_experts_per_tok=3, moe_intermediate_size=32,
                      shared_expert_intermediate_size=64, mlp_only_layers=[0], num_hidden_layers=3),
    "qwen3_moe": dict(model_type="qwen3_moe", head_dim=32, num_experts=7, num_experts_per_tok=3, moe_intermediate_size=32,
                      decoder_sparse_step=2, norm_topk_prob=True, num_hidden_layers=4),
    "gemma": dict(model_type="gemma", head_dim=32),
    "gemma3": dict(model_type="gemma3_text", head_dim=32, query_pre_attn_scalar=4, sliding_window=7, num_hidden_layers=3,
                   layer_types=["sliding_attention", "sliding_attention", "full_attention"],
                   rope_parameters={"sliding_attention": dict(rope_type="default", rope_theta=100.0),
                                    "full_attention": dict(rope_type="linear", factor=4.0, rope_theta=10000.0)}),
    "olmo": dict(model_type="olmo"),
    "olmo2": dict(model_type="olmo2"),
    "olmo3": dict(model_type="olmo3", sliding_window=7, num_hidden_layers=2, layer_types=["sliding_attention", "full_attention"]),
    "granite": dict(model_type="granite", embedding_multiplier=3.0, attention_multiplier=0.5, residual_multiplier=0.4, logits_scaling=2.0),
    "cohere": dict(model_type="cohere", logit_scale=0.25),
    "cohere-qknorm": dict(model_type="cohere", logit_scale=0.25, use_qk_norm=True),
    "cohere2": dict(model_type="cohere2", logit_scale=0.25, sliding_window=7, layer_types=["sliding_attention", "full_attention"]),
    "smollm3": dict(model_type="smollm3", num_hidden_layers=2, no_rope_layers=[1, 0]),
    "glm": dict(model_type="glm", head_dim=16, partial_rotary_factor=0.5),
    "glm4": dict(model_type="glm4", head_dim=16, partial_rotary_factor=0.5),
    "exaone4": dict(model_type="exaone4", sliding_window=7, layer_types=["sliding_attention", "full_attention"]),
    "ernie4_5": dict(model_type="ernie4_5", head_dim=16),
    "seed_oss": dict(model_type="seed_oss", head_dim=16),
    "helium": dict(model_type="helium", head_dim=16),
    "nemotron": dict(model_type="nemotron", head_dim=16),
    "arcee": dict(model_type="arcee"),
    "ministral": dict(model_type="ministral", head_dim=16, sliding_window=7, layer_types=["sliding_attention", "full_attention"]),
    "vaultgemma": dict(model_type="vaultgemma", head_dim=32, sliding_window=7, attn_logit_softcapping=2.0, final_logit_softcapping=3.0),
    "bitnet": dict(model_type="bitnet"),
    "internlm3": dict(model_type="internlm3", head_dim=16),
    "gpt2": dict(model_type="gpt2", num_key_value_heads=DROP),
    "gpt_bigcode": dict(model_type="gpt_bigcode", num_key_value_heads=DROP),
    "gpt_neo": dict(model_type="gpt_neo", num_key_value_heads=DROP, attention_types=[[["global", "local"], 1]], window_size=7),
    "gpt_neox": dict(model_type="gpt_neox", num_key_value_heads=DROP),
    "gpt_neox-sequential": dict(model_type="gpt_neox", num_key_value_heads=DROP, use_parallel_residual=False, rotary_pct=0.5),
    "gptj": dict(model_type="gptj", num_key_value_heads=DROP, rotary_dim=8),
    "codegen": dict(model_type="codegen", num_key_value_heads=DROP, rotary_dim=8),
    "opt": dict(model_type="opt", num_key_value_heads=DROP, ffn_dim=96, word_embed_proj_dim=64),
    "bloom": dict(model_type="bloom", intermediate_size=DROP, num_key_value_heads=DROP, hidden_size=64, n_layer=2, n_head=4),
    "mpt": dict(model_type="mpt", intermediate_size=DROP, num_key_value_heads=DROP, d_model=64, n_layers=2, n_heads=4),
    "falcon-7b": dict(model_type="falcon", num_key_value_heads=DROP),
    "falcon-40b": dict(model_type="falcon", num_key_value_heads=DROP, new_decoder_architecture=True, num_kv_heads=2),
    # Its eager attention adds the slopes twice: to the mask, and to the scores.
    "falcon-rw": dict(model_type="falcon", attention="sdpa", num_key_value_heads=DROP, alibi=True, parallel_attn=False, multi_query=False, bias=True),
    "starcoder2": dict(model_type="starcoder2", sliding_window=None),
    "stablelm-qknorm": dict(model_type="stablelm", num_key_value_heads=4, qk_layernorm=True),
    "persimmon": dict(model_type="persimmon", num_key_value_heads=DROP),
    "yarn": dict(model_type="llama", rope_theta=10000.0, max_position_embeddings=64, rope_scaling=dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=16)),
    "linear": dict(model_type="llama", rope_scaling=dict(rope_type="linear", factor=4.0)),
    "dynamic": dict(model_type="llama", max_position_embeddings=16, rope_scaling=dict(rope_type="dynamic", factor=4.0)),
    "longrope-short": dict(model_type="phi3", sliding_window=None, max_position_embeddings=128, original_max_position_embeddings=64, rope_scaling=dict(
        rope_type="longrope", short_factor=[1.0 + 0.1 * i for i in range(8)], long_factor=[2.0 + 0.5 * i for i in range(8)])),
    "longrope-long": dict(model_type="phi3", sliding_window=None, max_position_embeddings=128, original_max_position_embeddings=16, rope_scaling=dict(
        rope_type="longrope", short_factor=[1.0 + 0.1 * i for i in range(8)], long_factor=[2.0 + 0.5 * i for i in range(8)])),
    "granitemoe": dict(model_type="granitemoe", num_local_experts=5, num_experts_per_tok=2, embedding_multiplier=3.0,
                       attention_multiplier=0.5, residual_multiplier=0.4, logits_scaling=2.0),
    "phimoe": dict(model_type="phimoe", num_local_experts=5, num_experts_per_tok=2, rope_scaling=None),
    "deepseek_v2": dict(model_type="deepseek_v2", num_key_value_heads=4, q_lora_rank=32, kv_lora_rank=32, qk_nope_head_dim=16, qk_rope_head_dim=8,
                        v_head_dim=24, first_k_dense_replace=1, n_routed_experts=6, n_shared_experts=2, num_experts_per_tok=2,
                        moe_intermediate_size=32, n_group=3, topk_group=1, topk_method="group_limited_greedy", routed_scaling_factor=1.5,
                        num_hidden_layers=3, routing=False, rope_scaling=dict(rope_type="yarn", factor=4.0, mscale=0.7, mscale_all_dim=0.9,
                                                                             original_max_position_embeddings=16)),
    "deepseek_v2-lite": dict(model_type="deepseek_v2", num_key_value_heads=4, q_lora_rank=None, kv_lora_rank=32, qk_nope_head_dim=16,
                             qk_rope_head_dim=8, v_head_dim=16, first_k_dense_replace=2, n_routed_experts=6, n_shared_experts=2,
                             num_experts_per_tok=2, moe_intermediate_size=32, routing=False),
    "deepseek_v3": dict(model_type="deepseek_v3", num_key_value_heads=4, q_lora_rank=32, kv_lora_rank=32, qk_nope_head_dim=16, qk_rope_head_dim=8,
                        v_head_dim=16, first_k_dense_replace=1, n_routed_experts=8, n_shared_experts=1, num_experts_per_tok=3,
                        moe_intermediate_size=32, n_group=4, topk_group=2, routed_scaling_factor=1.5, num_hidden_layers=3, routing=False),
    "minicpm3": dict(model_type="minicpm3", num_key_value_heads=4, q_lora_rank=32, kv_lora_rank=32, qk_nope_head_dim=16, qk_rope_head_dim=8,
                     v_head_dim=16, dim_model_base=32, scale_emb=3, scale_depth=0.7),
    "qwen3_moe-sums": dict(model_type="qwen3_moe", head_dim=32, num_experts=7, num_experts_per_tok=3, moe_intermediate_size=32),
}


def value(name, shape, mean, spread):
    """Element i is mean + spread·u as binary16, u from -1 to 1 by splitmix64 at position i of a stream that starts at the
    FNV-1a hash of the name."""
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = (h ^ b) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = U64(h) + np.arange(1, math.prod(shape) + 1, dtype=U64) * U64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
        z = z ^ (z >> U64(31))
    u = (z >> U64(40)).astype(np.float64) / 2**23 - 1
    return (mean + spread * u).astype(np.float32).astype(np.float16).reshape(shape)


def spread_of(name, shape, config):
    """Mean and spread of a tensor: what reads values around 1 yields values around 1, but queries and keys are larger, so
    that heads attend to few positions, and so are logits."""
    leaf = name.removesuffix(".weight").removesuffix(".bias").split(".")[-1]
    if name.endswith("bias"):
        return 0.0, 0.25
    if len(shape) == 1:  # a norm
        return (0.0, 0.5) if config.model_type.startswith("gemma") else (1.0, 0.5)
    fan = shape[-1]
    gain = 1.0
    if leaf in ("q_proj", "k_proj", "qkv_proj", "query_key_value", "Wqkv"):
        gain = 1.5
    if leaf == "embed_tokens" and config.model_type.startswith("gemma"):
        gain = 2.0
    if leaf in ("gate", "router"):
        gain = 2.0
    if leaf in ("lm_head", "embed_out"):
        gain = 3.0
    elif leaf in ("embed_tokens", "embed_in", "wte", "word_embeddings", "tok_embeddings"):
        gain = 4.0
    return 0.0, round(gain * math.sqrt(3 / fan), 4)


def taken(model, ids):
    """The experts of each token, of each layer that has some, highest weight first."""
    layers = model(torch.tensor([ids]), use_cache=False, output_router_logits=True).router_logits
    best = [l.reshape(len(ids), -1).topk(model.config.num_experts_per_tok).indices.tolist() for l in layers]
    return [[layer[i] for layer in best] for i in range(len(ids))]


def golden(case, keys):
    keys = {k: v for k, v in {**COMMON, **keys}.items() if v is not DROP}
    model_type, attention = keys.pop("model_type"), keys.pop("attention", "eager")
    routing = keys.pop("routing", True)
    config = transformers.AutoConfig.for_model(model_type, **keys)
    config._attn_implementation = attention
    with tempfile.TemporaryDirectory() as folder:
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        path = os.path.join(folder, "model.safetensors")
        with safe_open(path, "np") as f:
            tensors = [dict(name=n, shape=f.get_slice(n).get_shape()) for n in sorted(f.keys())]
        for t in tensors:
            t["mean"], t["spread"] = spread_of(t["name"], t["shape"], config)
        save_file({t["name"]: value(**t) for t in tensors}, path, {"format": "pt"})
        model, report = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation=attention, output_loading_info=True)
        assert not report["missing_keys"] and not report["unexpected_keys"], report
        written = json.loads((pathlib.Path(folder) / "config.json").read_text())
    ids = [(i * 37 + 11) % config.vocab_size for i in range(PROMPT + DECODED)]
    logits, cache = [], None
    with torch.no_grad():
        for part in [ids[:PROMPT]] + [[i] for i in ids[PROMPT:]]:
            out = model(torch.tensor([part]), past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            logits.append(out.logits[0, -1])
        whole = model(torch.tensor([ids]), use_cache=False).logits[0, PROMPT - 1 :]
        experts = taken(model, ids) if routing and hasattr(config, "num_experts_per_tok") else []
    apart = (torch.stack(logits) - whole).norm() / whole.norm()
    assert case.endswith("dynamic") or apart < 1e-5, f"with a cache the logits are {apart} off"
    size = torch.stack(logits).abs().max()
    print(f"{case}: {sum(math.prod(t['shape']) for t in tensors)} parameters, logits up to {size:.2f}")
    lines = [f' "source": "transformers {PINNED["transformers"]}, torch {PINNED["torch"]}, fp32, {attention} attention"',
             f' "prompt": {PROMPT}', f' "tokens": {json.dumps(ids)}', f' "config": {json.dumps(written)}',
             ' "tensors": [\n' + ",\n".join("  " + json.dumps(t) for t in tensors) + "\n ]",
             ' "experts": ' + json.dumps(experts),
             ' "logits": [\n' + ",\n".join("  " + json.dumps([round(float(v), 4) for v in l]) for l in logits) + "\n ]"]
    (HERE / f"{case}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    assert transformers.__version__ == PINNED["transformers"] and torch.__version__.split("+")[0] == PINNED["torch"], "other versions"
    torch.set_num_threads(1)
    for case in sys.argv[1:] or CASES:
        golden(case, CASES[case])
