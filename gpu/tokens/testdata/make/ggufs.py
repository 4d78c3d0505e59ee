"""Writes the tokenizers of this folder's others as GGUF files, with gguf 0.19.0, and what tokenizers 0.23.3 makes of the texts
where no other folder has that. See ../README.md."""
import json
from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers import AddedToken
import sentencepiece as spm
from make import OUT
from folders import golden, of


def write(name, model, pre, tokens, types, more):
    (OUT / name).mkdir(exist_ok=True)
    w = GGUFWriter(OUT / name / "tokenizer.gguf", "llama")
    w.add_tokenizer_model(model)
    if pre:
        w.add_tokenizer_pre(pre)
    w.add_token_list(tokens)
    w.add_token_types(types)
    more(w)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def byte_level(name, source, pre, bos=None):
    """As llama.cpp's converter writes a tokenizer.json: added special tokens are control tokens."""
    doc = json.loads((OUT / source / "tokenizer.json").read_text())
    ids = {i: w for w, i in doc["model"]["vocab"].items()}
    types = {i: TokenType.NORMAL for i in ids}
    for a in doc["added_tokens"]:
        ids[a["id"]], types[a["id"]] = a["content"], TokenType.CONTROL if a["special"] else TokenType.USER_DEFINED
    _, merges = of(source)

    def more(w):
        w.add_token_merges(merges.splitlines()[1:])
        if bos is not None:
            w.add_bos_token_id(bos)

    write(name, "gpt2", pre, [ids[i] for i in sorted(ids)], [types[i] for i in sorted(types)], more)


def smollm():
    byte_level("gguf-smollm", "phi", "smollm")
    vocab, merges = of("phi")
    doc = json.loads((OUT / "phi" / "tokenizer.json").read_text())
    t = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(m.split(" ")) for m in merges.splitlines()[1:]]))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    for a in doc["added_tokens"]:
        t.add_tokens([AddedToken(a["content"], special=a["special"], normalized=not a["special"])])
    golden(OUT / "gguf-smollm", "gguf.jsonl", lambda text: t.encode(text).ids, lambda ids: t.decode(ids))


def sentencepiece():
    sp = spm.SentencePieceProcessor(model_file=str(OUT / "vicuna" / "tokenizer.model"))
    n = sp.get_piece_size()
    kind = lambda i: TokenType.UNKNOWN if sp.is_unknown(i) else TokenType.CONTROL if sp.is_control(i) else TokenType.BYTE if sp.is_byte(i) else TokenType.NORMAL

    def more(w):
        w.add_token_scores([sp.get_score(i) for i in range(n)])
        w.add_add_bos_token(False)
        w.add_bos_token_id(1)
        w.add_eos_token_id(2)

    write("gguf-vicuna", "llama", None, [sp.id_to_piece(i) for i in range(n)], [kind(i) for i in range(n)], more)


if __name__ == "__main__":
    doc = json.loads((OUT / "llama3" / "tokenizer.json").read_text())
    byte_level("gguf-llama3", "llama3", "llama-bpe", bos=doc["added_tokens"][0]["id"])
    byte_level("gguf-qwen2", "qwen2", "qwen2")
    smollm()
    sentencepiece()
