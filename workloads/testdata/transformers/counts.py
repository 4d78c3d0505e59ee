"""Writes counts.json: what transformers counts for configurations of each family.

Needs transformers 5.24.0 and torch 2.x; models are built on torch's meta device, without values.

    python counts.py > counts.json

Three kinds of rows: "class", a config.json that says its model_type alone, so that every key has the default of its
class; "random", small shapes with random options; "published", the configurations of models.json beside this file.
"""
import contextlib
import io
import json
import os
import random
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

assert transformers.__version__ == "5.24.0", transformers.__version__

# What a family may have beside its sizes; None leaves a key out.
OPTIONS = {
    "llama": {"attention_bias": [True, False, None], "mlp_bias": [True, False, None], "head_dim": [None, 24]},
    "mistral": {"sliding_window": [None, 16], "head_dim": [None, 24]},
    "ministral": {"sliding_window": [None, 16], "head_dim": [16, 24]},
    "ministral3": {"head_dim": [24, 32]},
    "qwen2": {},
    "qwen3": {"attention_bias": [True, None], "head_dim": [None, 24]},
    "phi": {"qk_layernorm": [True, None], "partial_rotary_factor": [None, 0.25]},
    "phi3": {},
    "stablelm": {"use_qkv_bias": [True, None], "qk_layernorm": [True, None], "use_parallel_residual": [True, None]},
    "gemma": {"attention_bias": [True, None], "head_dim": [None, 24]},
    "gemma2": {"attention_bias": [True, None], "head_dim": [None, 24]},
    "gemma3_text": {"attention_bias": [True, None], "head_dim": [None, 24]},
    "vaultgemma": {"head_dim": [None, 24]},
    "olmo": {"attention_bias": [True, None]},
    "olmo2": {"attention_bias": [True, None]},
    "olmo3": {"attention_bias": [True, None]},
    "granite": {"attention_bias": [True, None], "mlp_bias": [True, None]},
    "cohere": {"use_qk_norm": [True, None], "attention_bias": [True, None]},
    "cohere2": {"attention_bias": [True, None]},
    "exaone4": {"head_dim": [None, 24]},
    "smollm3": {"attention_bias": [True, None]},
    "glm": {"attention_bias": [True, False, None], "head_dim": [None, 24]},
    "glm4": {"attention_bias": [True, False, None], "head_dim": [None, 24]},
    "gpt2": {}, "gpt_bigcode": {"multi_query": [True, False, None]}, "gptj": {"rotary_dim": [4, 8]}, "codegen": {"rotary_dim": [4, 8]},
    "gpt_neo": {}, "opt": {"enable_bias": [True, False, None], "layer_norm_elementwise_affine": [True, False, None]},
    "gpt_neox": {"attention_bias": [True, False, None], "use_parallel_residual": [True, False]},
    "falcon": {"bias": [True, None], "multi_query": [True, False], "parallel_attn": [True, False], "alibi": [True, None]},
    "bloom": {}, "mpt": {}, "starcoder2": {"use_bias": [True, False, None]}, "seed_oss": {"attention_bias": [True, False, None],
    "attention_out_bias": [True, None], "mlp_bias": [True, None]},
    "ernie4_5": {"use_bias": [True, None]}, "helium": {"attention_bias": [None], "mlp_bias": [True, None]},
    "nemotron": {"attention_bias": [True, None], "mlp_bias": [True, None]}, "arcee": {"attention_bias": [True, None], "mlp_bias": [True, None]},
    "persimmon": {"qk_layernorm": [True, False, None]}, "hunyuan_v1_dense": {"attention_bias": [True, None], "head_dim": [16, 24]},
    "bitnet": {}, "jais2": {}, "exaone": {}, "internlm3": {},
}
GPT = {"hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head", "max_position_embeddings": "n_positions",
       "intermediate_size": "n_inner"}
NAMES = {
    "gpt2": GPT, "gpt_bigcode": GPT, "gptj": GPT, "codegen": GPT,
    "gpt_neo": {"num_hidden_layers": "num_layers", "num_attention_heads": "num_heads"},
    "opt": {"intermediate_size": "ffn_dim"},
    "falcon": {"intermediate_size": "ffn_hidden_size"},
    "bloom": {"num_hidden_layers": "n_layer", "num_attention_heads": "n_head"},
    "mpt": {"hidden_size": "d_model", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads", "max_position_embeddings": "max_seq_len"},
}
FIXED = {"bloom", "mpt"}  # intermediate_size is four times hidden_size
HEADS = {"gpt2", "gpt_bigcode", "gptj", "codegen", "gpt_neo", "opt", "gpt_neox", "falcon", "bloom", "mpt", "persimmon"}  # no KV heads of their own


def count(config):
    c = dict(config)
    kind = c.pop("model_type")
    c["pad_token_id"] = None  # some defaults are beyond a small vocabulary
    with contextlib.redirect_stdout(io.StringIO()):
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[kind](**c))
    return sum(p.numel() for p in model.parameters())


def sample(family, rng):
    heads = rng.choice([2, 4, 8])
    config = {
        "hidden_size": heads * rng.choice([16, 32]), "num_hidden_layers": rng.randint(2, 8), "num_attention_heads": heads,
        "num_key_value_heads": rng.choice([n for n in (1, 2, 4, 8) if n <= heads]), "intermediate_size": rng.choice([96, 160, 256]),
        "vocab_size": rng.randint(100, 999), "max_position_embeddings": rng.choice([64, 256]),
    }
    if family in FIXED:
        del config["intermediate_size"]
    if family in HEADS:
        del config["num_key_value_heads"]
    config = {NAMES.get(family, {}).get(k, k): v for k, v in config.items()}
    if rng.random() < 0.5:
        config["tie_word_embeddings"] = rng.random() < 0.5
    for key, values in OPTIONS[family].items():
        v = rng.choice(values)
        if v is not None:
            config[key] = v
    if family == "opt":
        config["word_embed_proj_dim"] = config["hidden_size"]
    if family == "helium":  # whose o_proj is hidden_size wide on both sides
        config["head_dim"] = config["hidden_size"] // heads
    if family == "gpt_neo":
        half = config["num_layers"] = config["num_layers"] // 2 * 2
        config["attention_types"] = [[["global", "local"], half // 2]]
    if family == "falcon" and rng.random() < 0.5:
        config["new_decoder_architecture"] = config["parallel_attn"] = True
        config["num_kv_heads"] = rng.choice([1, 2])
        config["num_ln_in_parallel_attn"] = rng.choice([1, 2])
    return {"model_type": family, **config}


def main():
    rng = random.Random(17)
    rows = []

    def add(kind, name, config):
        try:
            rows.append({"kind": kind, "name": name, "config": config, "params": count(config)})
        except Exception as e:  # a class refuses some combinations
            print(kind, name, config, repr(e)[:200], file=sys.stderr)

    for family in OPTIONS:
        if family not in ("ministral", "hunyuan_v1_dense", "nemotron"):  # which cannot do without more keys
            add("class", family, {"model_type": family})
        for _ in range(4):
            add("random", family, sample(family, rng))
    models = os.path.join(os.path.dirname(os.path.abspath(__file__)), "models.json")
    if os.path.exists(models):
        for m in json.load(open(models)):
            if m["config"]["model_type"] in CONFIG_MAPPING:
                add("published", m["name"], m["config"])
    print("[\n" + ",\n".join(json.dumps(r, sort_keys=True) for r in rows) + "\n]")


main()
