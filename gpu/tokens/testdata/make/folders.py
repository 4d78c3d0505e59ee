"""Makes the folders whose tokenizer is no tokenizer.json, from the vocabularies of this folder's others, and their goldens.
Run with transformers 5.24.0, tokenizers 0.23.3, sentencepiece 0.2.3, tiktoken 0.14.0. See ../README.md."""
import base64, json, pathlib, shutil
import sentencepiece.sentencepiece_model_pb2 as pb
import tiktoken
from tokenizers import AddedToken
from transformers import GPT2Tokenizer, LlamaTokenizer, Qwen2Tokenizer
from transformers.tokenization_utils_sentencepiece import SentencePieceBackend
from make import LLAMA3, QWEN2, BYTES, OUT
from texts import TEXTS
import unicodedata


def folder(name, **contents):
    to = OUT / name
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for file, content in contents.items():
        file = file.replace("__", ".")
        if isinstance(content, bytes):
            (to / file).write_bytes(content)
        else:
            (to / file).write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return to


def golden(to, file, encode, decode):
    with open(to / file, "w") as f:
        for t in TEXTS:
            ids = encode(t)
            f.write(json.dumps({"text": t, "ids": ids, "decoded": decode(ids)}) + "\n")


def transformers(to, tokenizer):
    golden(to, "transformers.jsonl", tokenizer.encode, lambda ids: tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def of(name):
    doc = json.loads((OUT / name / "tokenizer.json").read_text())
    merges = [m if isinstance(m, str) else " ".join(m) for m in doc["model"]["merges"]]
    return dict(doc["model"]["vocab"]), "#version: 0.2\n" + "\n".join(merges) + "\n"


def byte_level():
    vocab, merges = of("phi")
    n = len(vocab)
    to = folder("gpt2-files", vocab__json=vocab | {"<|endoftext|>": n}, merges__txt=merges, tokenizer_config__json={"tokenizer_class": "GPT2Tokenizer"})
    transformers(to, GPT2Tokenizer.from_pretrained(to))
    # Older: added tokens in files of their own, the class by config.json, BOS before a text.
    added = {"  ": n + 1, "\t\t": n + 2, "</s>": n + 3}
    roles = {"bos_token": "</s>", "eos_token": {"content": "</s>", "lstrip": False}, "unk_token": "<|endoftext|>"}
    to = folder("opt-files", vocab__json=vocab | {"<|endoftext|>": n}, merges__txt=merges, added_tokens__json=added, special_tokens_map__json=roles, config__json={"model_type": "opt"},
                tokenizer_config__json={"add_bos_token": True, "add_prefix_space": True, "bos_token": "</s>", "eos_token": "</s>"})
    t = GPT2Tokenizer(vocab=vocab | {"<|endoftext|>": n}, merges=[tuple(m.split(" ")) for m in merges.splitlines()[1:]], bos_token="</s>", eos_token="</s>", add_bos_token=True, add_prefix_space=True,
                      added_tokens_decoder={i: AddedToken(w, special=w == "</s>", normalized=w != "</s>") for w, i in added.items()})
    transformers(to, t)
    special = {str(n + i): {"content": w, "special": True, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False} for i, w in enumerate(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])}
    to = folder("qwen2-files", vocab__json=vocab, merges__txt=merges, tokenizer_config__json={"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": special, "eos_token": "<|im_end|>", "bos_token": None})
    transformers(to, Qwen2Tokenizer.from_pretrained(to))


def ranks():
    """Tiktoken files: the tokens that merges make, in their order."""
    vocab, _ = of("llama3")
    bytes_of = {c: b for b, c in BYTES.items()}
    words = [bytes(bytes_of[c] for c in w) for w, _ in sorted(vocab.items(), key=lambda i: i[1])]
    by_rank = {w: i for i, w in enumerate(words)}
    lines = "".join(f"{base64.b64encode(w).decode()} {i}\n" for w, i in by_rank.items())
    n = len(by_rank)
    special = {"<|endoftext|>": n, "<|im_start|>": n + 1, "<|im_end|>": n + 2} | {f"<|extra_{i}|>": n + 3 + i for i in range(205)}
    q = tiktoken.Encoding("qwen", pat_str=QWEN2, mergeable_ranks=by_rank, special_tokens=special)
    hide = lambda t: lambda ids: t.decode([i for i in ids if i < n])
    golden(folder("qwen-tiktoken", qwen__tiktoken=lines), "tiktoken.jsonl", lambda t: q.encode(unicodedata.normalize("NFC", t), allowed_special="all"), hide(q))
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>",
             "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>", "<|image|>"]
    names += [f"<|reserved_special_token_{2 + i}|>" for i in range(256 - len(names))]
    l = tiktoken.Encoding("llama3", pat_str=LLAMA3, mergeable_ranks=by_rank, special_tokens={w: n + i for i, w in enumerate(names)})
    golden(folder("llama3-model", tokenizer__model=lines), "tiktoken.jsonl", lambda t: [n] + l.encode(t, allowed_special="all"), hide(l))


class InternLM2Tokenizer(SentencePieceBackend):
    """As the model's own class: sentencepiece, with BOS, and added tokens that have the ids of unused pieces."""
    vocab_files_names = {"vocab_file": "tokenizer.model"}

    def build_inputs_with_special_tokens(self, ids, _=None):
        return [1] + ids


def sentencepiece():
    model = (OUT / "vicuna" / "tokenizer.model").read_bytes()
    proto = pb.ModelProto.FromString(model)
    config = {"tokenizer_class": "LlamaTokenizer", "legacy": False, "add_bos_token": True, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    to = folder("spm-late", tokenizer__model=model, tokenizer_config__json=config | {"add_prefix_space": False})
    transformers(to, LlamaTokenizer.from_pretrained(to))
    proto.normalizer_spec.add_dummy_prefix = False
    to = folder("spm-early", tokenizer__model=proto.SerializeToString(), tokenizer_config__json=config)
    transformers(to, LlamaTokenizer.from_pretrained(to))
    proto = pb.ModelProto.FromString(model)
    for i in range(2):
        proto.pieces.add(piece=f"[UNUSED_TOKEN_{i}]", type=pb.ModelProto.SentencePiece.USER_DEFINED)
    n = len(proto.pieces)
    names = {n - 2: "<|im_start|>", n - 1: "<|im_end|>"}
    special = {str(i): {"content": w, "special": True, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False} for i, w in {0: "<unk>", 1: "<s>", 2: "</s>"} .items()}
    special |= {str(i): {"content": w, "special": True, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False} for i, w in names.items()}
    to = folder("internlm2", tokenizer__model=proto.SerializeToString(), tokenizer_config__json={"tokenizer_class": "InternLM2Tokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "added_tokens_decoder": special})
    t = InternLM2Tokenizer.from_pretrained(to)
    golden(to, "transformers.jsonl", t.encode, lambda ids: t.sp_model.decode([i for i in ids if i not in t.added_tokens_decoder]))


if __name__ == "__main__":
    byte_level()
    ranks()
    sentencepiece()
