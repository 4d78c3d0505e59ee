"""Makes the goldens beside it: logits of small random models as Hugging Face's transformers computes them.

    python make.py [CASE ...]        all cases, or those named

A golden has the model's config.json as transformers saves it, the tensors of its model.safetensors by name and shape,
and the logits after a prompt and after each of some more tokens. Values are no part of it: both sides compute them from
the names (see value). transformers runs in fp32 with weights that are binary16 numbers.
"""
import json, math, os, pathlib, re, sys, tempfile
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
    "hunyuan": dict(model_type="hunyuan_v1_dense", head_dim=16),
    "exaone": dict(model_type="exaone", num_hidden_layers=2),
    "jais2": dict(model_type="jais2", head_dim=16),
    "ministral3": dict(model_type="ministral3", head_dim=16, sliding_window=None, rope_parameters=dict(
        rope_type="yarn", factor=4.0, beta_fast=32.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0, original_max_position_embeddings=8,
        llama_4_scaling_beta=0.5, rope_theta=10000.0)),
    # minicpm's own code has granite's block with other factors, and internlm2's llama's with other names.
    "minicpm": dict(model_type="granite", embedding_multiplier=3.0, attention_multiplier=0.25, residual_multiplier=0.7 / math.sqrt(2),
                    logits_scaling=64 / 32, config=dict(model_type="minicpm", scale_emb=3, scale_depth=0.7, dim_model_base=32)),
    "internlm": dict(model_type="llama", attention_bias=True, config=dict(model_type="internlm", bias=True, attention_bias=DROP)),
    "orion": dict(model_type="stablelm", partial_rotary_factor=1.0, config=dict(model_type="orion", rms_norm_eps=1e-5)),
    "qwen": dict(model_type="qwen2", use_sliding_window=False, num_key_value_heads=4, names="qwen",
                 config=dict(model_type="qwen", intermediate_size=192, kv_channels=16, layer_norm_epsilon=1e-6, seq_length=64)),
    "chatglm": dict(model_type="glm", head_dim=16, partial_rotary_factor=0.5, names="chatglm", tie_word_embeddings=False, config=dict(
        model_type="chatglm", attention_bias=DROP, num_layers=2, padded_vocab_size=96, ffn_hidden_size=96, seq_length=64, kv_channels=16, layernorm_epsilon=1.5625e-07,
        add_qkv_bias=True, multi_query_attention=True, multi_query_group_num=2)),
    "internlm2": dict(model_type="llama", config=dict(model_type="internlm2", bias=False), names="internlm2"),
    "olmoe": dict(model_type="olmoe", num_experts=6, num_experts_per_tok=3),
    "granitemoeshared": dict(model_type="granitemoeshared", num_local_experts=5, num_experts_per_tok=2, embedding_multiplier=3.0,
                             attention_multiplier=0.5, residual_multiplier=0.4, logits_scaling=2.0, shared_intermediate_size=32),
    "dots1": dict(model_type="dots1", head_dim=16, num_key_value_heads=2, n_routed_experts=6, num_experts_per_tok=2, n_shared_experts=2,
                  moe_intermediate_size=32, first_k_dense_replace=1, routed_scaling_factor=1.5, norm_topk_prob=True, routing=False),
    "glm4_moe": dict(model_type="glm4_moe", head_dim=16, n_routed_experts=6, num_experts_per_tok=2, n_shared_experts=1, use_qk_norm=True,
                     moe_intermediate_size=32, first_k_dense_replace=1, attention_bias=True, num_hidden_layers=3, routing=False),
    "llama4": dict(model_type="llama4_text", head_dim=16, num_local_experts=5, num_experts_per_tok=2, intermediate_size=32, intermediate_size_mlp=96,
                   interleave_moe_layer_step=2, num_hidden_layers=4, no_rope_layers=[1, 1, 1, 0], floor_scale=8, attn_scale=0.5,
                   attention_chunk_size=64, routing=False),
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
    fan = shape[-1] if name.endswith("weight") else shape[-2]
    gain = 1.0
    if leaf in ("q_proj", "k_proj", "qkv_proj", "query_key_value", "Wqkv", "wqkv", "c_attn"):
        gain = 1.5
    if leaf == "embed_tokens" and config.model_type.startswith("gemma"):
        gain = 2.0
    if leaf in ("gate", "router"):
        gain = 2.0
    if leaf in ("lm_head", "embed_out", "output", "output_layer"):
        gain = 3.0
    elif leaf in ("embed_tokens", "embed_in", "wte", "word_embeddings", "tok_embeddings"):
        gain = 4.0
    return 0.0, round(gain * math.sqrt(3 / fan), 4)


# What families that transformers does not have call the tensors of one that it has. A tensor that stands in several lines
# has the rows of these, one below the other; wqkv has, of each group, the queries, the key and the value.
NAMES = {
    "internlm2": [("model.embed_tokens", "model.tok_embeddings"), ("lm_head", "output"), ("input_layernorm", "attention_norm"),
                  ("post_attention_layernorm", "ffn_norm"), ("self_attn.q_proj", "attention.wqkv"), ("self_attn.k_proj", "attention.wqkv"),
                  ("self_attn.v_proj", "attention.wqkv"), ("self_attn.o_proj", "attention.wo"), ("mlp.gate_proj", "feed_forward.w1"),
                  ("mlp.up_proj", "feed_forward.w3"), ("mlp.down_proj", "feed_forward.w2")],
    "qwen": [("model.embed_tokens", "transformer.wte"), ("model.norm", "transformer.ln_f"), ("model.layers", "transformer.h"),
             ("input_layernorm", "ln_1"), ("post_attention_layernorm", "ln_2"), ("self_attn.q_proj", "attn.c_attn"),
             ("self_attn.k_proj", "attn.c_attn"), ("self_attn.v_proj", "attn.c_attn"), ("self_attn.o_proj", "attn.c_proj"),
             ("mlp.gate_proj", "mlp.w2"), ("mlp.up_proj", "mlp.w1"), ("mlp.down_proj", "mlp.c_proj")],
    "chatglm": [("model.embed_tokens", "transformer.embedding.word_embeddings"), ("model.norm", "transformer.encoder.final_layernorm"),
                ("lm_head", "transformer.output_layer"), ("model.layers", "transformer.encoder.layers"),
                ("self_attn.q_proj", "self_attention.query_key_value"), ("self_attn.k_proj", "self_attention.query_key_value"),
                ("self_attn.v_proj", "self_attention.query_key_value"), ("self_attn.o_proj", "self_attention.dense"),
                ("mlp.gate_up_proj", "mlp.dense_h_to_4h"), ("mlp.down_proj", "mlp.dense_4h_to_h")],
}


def renamed(name, names):
    for ours, theirs in names:
        name = re.sub(re.escape(ours) + r"(?=\.)", theirs, name)
    return name


def packed(tensors, names):
    """The tensors of the other family, and of which of ours each has the rows, in the order of NAMES."""
    order = [ours for ours, _ in names]
    rank = lambda t: min((i for i, ours in enumerate(order) if "self_attn" in ours and ours in t["name"]), default=0)
    out = {}
    for t in sorted(tensors, key=rank):
        to = out.setdefault(renamed(t["name"], names), dict(name=renamed(t["name"], names), shape=[0, *t["shape"][1:]], of=[]))
        to["shape"][0] += t["shape"][0]
        to["of"].append(t)
    return sorted(out.values(), key=lambda t: t["name"])


def unpacked(values, tensors, config):
    out = {}
    for t in tensors:
        v = values[t["name"]]
        if "wqkv" in t["name"]:
            groups = v.reshape(config.num_key_value_heads, -1, config.head_dim, v.shape[-1])
            v = np.concatenate([g.reshape(-1, v.shape[-1]) for g in (groups[:, :-2], groups[:, -2], groups[:, -1])])
        at = 0
        for ours in t["of"]:
            out[ours["name"]] = v[at : at + ours["shape"][0]].copy()
            at += ours["shape"][0]
    return out


def taken(model, ids):
    """The experts of each token, of each layer that has some, highest weight first."""
    layers = model(torch.tensor([ids]), use_cache=False, output_router_logits=True).router_logits
    best = [l.reshape(len(ids), -1).topk(model.config.num_experts_per_tok).indices.tolist() for l in layers]
    return [[layer[i] for layer in best] for i in range(len(ids))]


def golden(case, keys):
    keys = {k: v for k, v in {**COMMON, **keys}.items() if v is not DROP}
    model_type, attention = keys.pop("model_type"), keys.pop("attention", "eager")
    routing, own, names = keys.pop("routing", True), keys.pop("config", {}), NAMES.get(keys.pop("names", None))
    config = transformers.AutoConfig.for_model(model_type, **keys)
    config._attn_implementation = attention
    with tempfile.TemporaryDirectory() as folder:
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        path = os.path.join(folder, "model.safetensors")
        with safe_open(path, "np") as f:
            tensors = [dict(name=n, shape=f.get_slice(n).get_shape()) for n in sorted(f.keys())]
        if names:
            tensors = packed(tensors, names)
        for t in tensors:
            t["mean"], t["spread"] = spread_of(t["name"], t["shape"], config)
        values = {t["name"]: value(t["name"], t["shape"], t["mean"], t["spread"]) for t in tensors}
        save_file(unpacked(values, tensors, config) if names else values, path, {"format": "pt"})
        model, report = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation=attention, output_loading_info=True)
        assert not report["missing_keys"] and not report["unexpected_keys"], report
        written = {**json.loads((pathlib.Path(folder) / "config.json").read_text()), **own}
        written = {k: v for k, v in written.items() if v is not DROP}
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
             ' "tensors": [\n' + ",\n".join("  " + json.dumps({k: v for k, v in t.items() if k != "of"}) for t in tensors) + "\n ]",
             ' "experts": ' + json.dumps(experts),
             ' "logits": [\n' + ",\n".join("  " + json.dumps([round(float(v), 4) for v in l]) for l in logits) + "\n ]"]
    (HERE / f"{case}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    assert transformers.__version__ == PINNED["transformers"] and torch.__version__.split("+")[0] == PINNED["torch"], "other versions"
    torch.set_num_threads(1)
    for case in sys.argv[1:] or CASES:
        golden(case, CASES[case])
