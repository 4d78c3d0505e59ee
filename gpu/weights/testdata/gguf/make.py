"""Writes models of transformers 5.24.0 (torch 2.15.0, safetensors 0.8.0) as folders, and the same ones as GGUF files, with gguf
0.19.0: names by its TensorNameMap, q and k permuted and norms changed as llama.cpp's convert_hf_to_gguf.py does it."""
import json, pathlib, shutil
import numpy as np, torch
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGMLQuantizationType, GGUFReader, GGUFWriter, get_tensor_name_map
from gguf.quants import quantize
from transformers import Gemma2Config, Gemma3TextConfig, GemmaConfig, GraniteConfig, MixtralConfig, Olmo2Config, Qwen2MoeConfig, Qwen3MoeConfig, SmolLM3Config, Starcoder2Config, LlamaConfig, Phi3Config, PhiConfig, Qwen2Config, Qwen3Config, StableLmConfig, AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent
SHAPE = dict(vocab_size=32, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128, eos_token_id=2, bos_token_id=1, pad_token_id=0)
MODELS = {
    "llama": (LlamaConfig(**SHAPE, rope_theta=50_000.0, rms_norm_eps=1e-5, attention_bias=True), MODEL_ARCH.LLAMA),
    "llama31": (LlamaConfig(**SHAPE, rms_norm_eps=1e-5, tie_word_embeddings=True, rope_theta=500_000.0,
                            rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}), MODEL_ARCH.LLAMA),
    "qwen2": (Qwen2Config(**SHAPE, rope_theta=1e6, rms_norm_eps=1e-6), MODEL_ARCH.QWEN2),
    "qwen3": (Qwen3Config(**SHAPE, head_dim=32, rope_theta=1e6), MODEL_ARCH.QWEN3),
    "phi": (PhiConfig(**SHAPE | {"num_key_value_heads": 2}, partial_rotary_factor=0.5), MODEL_ARCH.PHI2),
    "phi3": (Phi3Config(**SHAPE, sliding_window=64), MODEL_ARCH.PHI3),
    "stablelm": (StableLmConfig(**SHAPE, use_qkv_bias=True, partial_rotary_factor=0.25), MODEL_ARCH.STABLELM),
    "mixtral": (MixtralConfig(**SHAPE, num_local_experts=4, num_experts_per_tok=2), MODEL_ARCH.LLAMA),
    "qwen2moe": (Qwen2MoeConfig(**SHAPE, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, shared_expert_intermediate_size=64), MODEL_ARCH.QWEN2MOE),
    "qwen3moe": (Qwen3MoeConfig(**SHAPE, head_dim=32, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, norm_topk_prob=True), MODEL_ARCH.QWEN3MOE),
    "gemma": (GemmaConfig(**SHAPE, head_dim=32), MODEL_ARCH.GEMMA),
    "gemma3": (Gemma3TextConfig(**SHAPE | {"num_hidden_layers": 7}, head_dim=16, query_pre_attn_scalar=16, sliding_window=16), MODEL_ARCH.GEMMA3),
    "granite": (GraniteConfig(**SHAPE, embedding_multiplier=12.0, attention_multiplier=0.0625, residual_multiplier=0.22, logits_scaling=8.0), MODEL_ARCH.GRANITE),
    "olmo2": (Olmo2Config(**SHAPE), MODEL_ARCH.OLMO2),
    "smollm3": (SmolLM3Config(**SHAPE), MODEL_ARCH.SMOLLM3),
    "starcoder2": (Starcoder2Config(**SHAPE), MODEL_ARCH.STARCODER2),
    "gemma2": (Gemma2Config(**SHAPE, head_dim=16, query_pre_attn_scalar=16, sliding_window=16), MODEL_ARCH.GEMMA2),
}


PERMUTED = (MODEL_ARCH.LLAMA, MODEL_ARCH.GRANITE, MODEL_ARCH.SMOLLM3)  # subclasses of LlamaModel there


def permute(w, heads):
    """LlamaModel.permute of convert_hf_to_gguf.py."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def write(name, config, arch, model, types, more=lambda w: None):
    w = GGUFWriter(HERE / f"{name}.gguf", MODEL_ARCH_NAMES[arch])
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(config.hidden_size)
    w.add_block_count(config.num_hidden_layers)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count(config.num_attention_heads)
    w.add_head_count_kv(config.num_key_value_heads)
    w.add_vocab_size(config.vocab_size)
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters or {}
    w.add_rope_freq_base(rope["rope_theta"] if "rope_theta" in rope else rope["full_attention"]["rope_theta"])
    w.add_rope_dimension_count(int(head * rope.get("partial_rotary_factor", 1)))
    if name in ("qwen3", "qwen3moe", "gemma", "gemma2", "gemma3"):
        w.add_key_length(head)
        w.add_value_length(head)
    if hasattr(config, "rms_norm_eps"):
        w.add_layer_norm_rms_eps(config.rms_norm_eps)
    else:
        w.add_layer_norm_eps(getattr(config, "layer_norm_eps", None) or config.norm_epsilon)
    experts = getattr(config, "num_experts", None) or getattr(config, "num_local_experts", None)
    if experts:
        w.add_expert_count(experts)
        w.add_expert_used_count(config.num_experts_per_tok)
        if hasattr(config, "moe_intermediate_size"):
            w.add_expert_feed_forward_length(config.moe_intermediate_size)
        if hasattr(config, "shared_expert_intermediate_size"):
            w.add_expert_shared_feed_forward_length(config.shared_expert_intermediate_size)
    if name == "granite":
        w.add_attention_scale(config.attention_multiplier)
        w.add_embedding_scale(config.embedding_multiplier)
        w.add_residual_scale(config.residual_multiplier)
        w.add_logit_scale(config.logits_scaling)
    if name in ("phi3", "gemma2", "gemma3"):
        w.add_sliding_window(config.sliding_window)
    if name == "gemma2":
        w.add_attn_logit_softcapping(config.attn_logit_softcapping)
        w.add_final_logit_softcapping(config.final_logit_softcapping)
    if name == "stablelm":
        w.add_parallel_residual(config.use_parallel_residual)
    w.add_eos_token_id(config.eos_token_id)
    more(w)
    names = get_tensor_name_map(arch, config.num_hidden_layers)
    if rope.get("rope_type") == "llama3":  # LlamaModel.generate_extra_tensors
        out = []
        for i in range(0, head, 2):
            wave = 2 * np.pi * rope["rope_theta"] ** (i / head)
            low, high = 8192 / rope["low_freq_factor"], 8192 / rope["high_freq_factor"]
            smooth = (8192 / wave - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
            out.append(1 if wave < high else rope["factor"] if wave > low else 1 / ((1 - smooth) / rope["factor"] + smooth))
        w.add_tensor("rope_freqs.weight", np.array(out, dtype=np.float32))
    for key, value in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        v = value.float()
        if arch in PERMUTED and ".q_proj." in key:
            v = permute(v, config.num_attention_heads)
        if arch in PERMUTED and ".k_proj." in key:
            v = permute(v, config.num_key_value_heads)
        if arch in (MODEL_ARCH.GEMMA, MODEL_ARCH.GEMMA2, MODEL_ARCH.GEMMA3) and key.endswith("norm.weight"):
            v = v + 1
        if ".experts." in key:  # of all experts, gate above up
            parts = {"gate_proj": v[:, : v.shape[1] // 2], "up_proj": v[:, v.shape[1] // 2 :]} if key.endswith("gate_up_proj") else {"down_proj": v}
            for part, values in parts.items():
                to = names.get_name(f"model.layers.{key.split('.')[2]}.mlp.experts.{part}") + ".weight"
                w.add_tensor(to, quantize(np.ascontiguousarray(values.numpy()), GGMLQuantizationType.F16), raw_dtype=GGMLQuantizationType.F16)
            continue
        to = names.get_name(key, try_suffixes=(".weight", ".bias")) or names.get_name(key.replace("mlp.gate", "block_sparse_moe.gate"), try_suffixes=(".weight",))
        kind = types(to, v.dim())
        if kind == GGMLQuantizationType.F32:
            w.add_tensor(to, v.numpy())
        else:
            w.add_tensor(to, quantize(v.numpy(), kind), raw_dtype=kind)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def filled(config):
    torch.manual_seed(17)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float16)
    with torch.no_grad():
        for p in model.parameters():  # no ones and zeros, which hide what was left out
            p.copy_(torch.randn(p.shape) * 0.2 + (0.0 if p.dim() > 1 else 0.5))
    return model


def words():
    """A quantised model with the tokenizer of gpu/tokens/testdata/gguf-vicuna, beside the folder of the others."""
    fields = GGUFReader(HERE.parents[2] / "tokens/testdata/gguf-vicuna/tokenizer.gguf").fields
    of = lambda key: fields["tokenizer.ggml." + key].contents()

    def more(w):
        w.add_tokenizer_model(of("model"))
        w.add_token_list(of("tokens"))
        w.add_token_scores(of("scores"))
        w.add_token_types(of("token_type"))
        w.add_add_bos_token(False)

    config = LlamaConfig(**SHAPE | {"vocab_size": len(of("tokens"))}, rms_norm_eps=1e-5, tie_word_embeddings=True)
    kinds = {"attn_q": "Q4_0", "attn_k": "Q4_1", "attn_v": "Q5_0", "attn_output": "Q5_1", "ffn_up": "BF16"}
    write("../words", config, MODEL_ARCH.LLAMA, filled(config), lambda to, dim: GGMLQuantizationType.F32 if dim == 1 else GGMLQuantizationType[kinds.get(to.split(".")[-2], "Q8_0")], more)


def pickled(model):
    """The same model as torch.save has it, whole and in two shards."""
    state = model.state_dict()
    for name, shards in (("bin", 1), ("bin-shards", 2)):
        to = HERE.parent / name
        to.mkdir(exist_ok=True)
        model.config.save_pretrained(to)
        keys, files = list(state), {}
        for i in range(shards):
            part = keys[i * len(keys) // shards : (i + 1) * len(keys) // shards]
            file = "pytorch_model.bin" if shards == 1 else f"pytorch_model-{i + 1:05}-of-{shards:05}.bin"
            torch.save({k: state[k].clone() for k in part}, to / file)
            files |= {k: file for k in part}
        if shards > 1:
            (to / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}, indent=1) + "\n")


if __name__ == "__main__":
    words()
    for name, (config, arch) in MODELS.items():
        model = filled(config)
        if name == "stablelm":
            pickled(model)
        shutil.rmtree(HERE / name, ignore_errors=True)
        model.save_pretrained(HERE / name)
        (HERE / name / "generation_config.json").unlink(missing_ok=True)
        write(name, config, arch, model, lambda _, dim: GGMLQuantizationType.F32 if dim == 1 else GGMLQuantizationType.F16)
