"""Makes the small tokenizers of this folder and the goldens of sentencepiece. See ../README.md."""
import collections, json, os, pathlib, re, sys
import sentencepiece as spm
from texts import TEXTS

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent
ROOT = HERE.parents[3]
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")

# What to learn from: this project's own words, and the texts themselves.
CORPUS = "\n".join([(ROOT / "docs" / f).read_text() for f in ("architecture.md", "memory.md", "schedules.md")] + [t for t in TEXTS if "<" not in t] * 3)


def alphabet():
    printing = [*range(33, 127), *range(161, 173), *range(174, 256)]
    of, n = {}, 0
    for b in range(256):
        of[b] = chr(b) if b in printing else chr(256 + n)
        n += b not in printing
    return of


BYTES = alphabet()


def learn(merges):
    """Plain byte-level BPE."""
    words = collections.Counter("".join(BYTES[b] for b in w.encode()) for w in re.findall(GPT2, CORPUS))
    split = {w: list(w) for w in words}
    vocab, learnt = [BYTES[b] for b in sorted(BYTES, key=lambda b: BYTES[b])], []
    while len(learnt) < merges:
        count = collections.Counter()
        for w, n in words.items():
            for p in zip(split[w], split[w][1:]):
                count[p] += n
        best = max(count, key=lambda p: (count[p], p))
        learnt.append(best)
        if "".join(best) not in vocab:
            vocab.append("".join(best))
        for w, s in split.items():
            i = 0
            while i + 1 < len(s):
                if (s[i], s[i + 1]) == best:
                    s[i : i + 2] = ["".join(best)]
                i += 1
    return {w: i for i, w in enumerate(vocab)}, learnt


def token(id, content, special=True, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special} | flags


def tokens(vocab, *specials, plain=()):
    n = max(vocab.values()) + 1
    return [token(n + i, s) for i, s in enumerate(specials)] + [token(n + len(specials) + i, s, False) for i, s in enumerate(plain)]


def model(vocab, merges, pairs=False, **more):
    m = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False} | more
    return m | {"vocab": vocab, "merges": [list(p) if pairs else " ".join(p) for p in merges]}


def byte_level(prefix=False, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def sequence(kind, *of):
    return {"type": "Sequence", kind: list(of)}


def template(before=(), after=()):
    item = lambda t: {"SpecialToken": {"id": t["content"], "type_id": 0}}
    single = [item(t) for t in before] + [{"Sequence": {"id": "A", "type_id": 0}}] + [item(t) for t in after]
    return {"type": "TemplateProcessing", "single": single, "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {t["content"]: {"id": t["content"], "ids": [t["id"]], "tokens": [t["content"]]} for t in [*before, *after]}}


def save(name, added, normalizer, pre, post, decoder, m, config=None):
    folder = OUT / name
    folder.mkdir(exist_ok=True)
    doc = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": normalizer, "pre_tokenizer": pre, "post_processor": post, "decoder": decoder, "model": m}
    (folder / "tokenizer.json").write_text(json.dumps(doc, ensure_ascii=False, separators=(",", ":")) + "\n")
    if config:
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")


def byte_level_ones():
    vocab, merges = learn(420)
    runs = [" " * n for n in range(31, 1, -1)] + ["\t" * n for n in range(9, 1, -1)]
    save("phi", tokens(vocab, "<|endoftext|>", plain=runs), None, byte_level(), byte_level(), byte_level(), model(vocab, merges))
    save("neox", tokens(vocab, "<|endoftext|>", "<|padding|>", plain=runs[7:30]), {"type": "NFC"}, byte_level(), byte_level(), byte_level(), model(vocab, merges))
    save("gpt2-prefix", tokens(vocab, "<|endoftext|>"), None, byte_level(True), byte_level(True), byte_level(True), model(vocab, merges))
    whole = dict(vocab)  # words that no merges make, as Llama 3 has some
    for w in ("ĠHello", "Ġbandwidth", "thethe"):
        whole.setdefault(w, len(whole))
    special = tokens(whole, "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>")
    save("llama3", special, None, sequence("pretokenizers", split(LLAMA3), byte_level(regex=False)), sequence("processors", byte_level(), template(special[:1])), byte_level(),
         model(whole, merges, pairs=True, ignore_merges=True), {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>"})
    special = tokens(vocab, "<|endoftext|>", "<|im_start|>", "<|im_end|>")
    save("qwen2", special, {"type": "NFC"}, sequence("pretokenizers", split(QWEN2), byte_level(regex=False)), byte_level(regex=False), byte_level(regex=False),
         model(vocab, merges, continuing_subword_prefix="", end_of_word_suffix=""), {"tokenizer_class": "Qwen2Tokenizer", "add_bos_token": False})
    # What only few models have: words cut otherwise, tokens that take white space or want no word beside them, EOS.
    n = max(vocab.values()) + 1
    odd = [token(n, "<mask>", lstrip=True), token(n + 1, "<trim>", lstrip=True, rstrip=True), token(n + 2, "word", False, single_word=True), token(n + 3, "<pair> "), token(n + 4, "usr", False, single_word=True, normalized=False), token(n + 5, "</s>")]
    save("odd", odd, {"type": "NFKC"}, sequence("pretokenizers", {"type": "Digits", "individual_digits": False}, split(r"\p{L}+|\p{N}+|[^\p{L}\p{N}]+", "Removed", True), byte_level(regex=False)),
         template([odd[0]], [odd[5]]), byte_level(), model(vocab, merges))
    odd = [token(n, "</s>")]
    save("digits", odd, {"type": "NFKD"}, sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, split(r"[,.]", "Removed"), byte_level()), template([], odd), byte_level(), model(vocab, merges))


def cut_ones():
    """What words there are by Punctuation and the other behaviours of Split; tokens that stand in white space which another takes."""
    vocab, merges = learn(420)
    n = max(vocab.values()) + 1
    save("falcon", tokens(vocab, "<|endoftext|>", ">>TITLE<<"), None, sequence("pretokenizers", {"type": "Punctuation", "behavior": "Contiguous"}, byte_level(), {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]")),
         byte_level(), byte_level(), model(vocab, merges))
    near = [token(n, "</s>"), token(n + 1, "<trim>", lstrip=True, rstrip=True), token(n + 2, "  ", normalized=False), token(n + 3, "\n\n", normalized=False)]
    save("gemma-cuts", near, {"type": "Replace", "pattern": {"String": "\t"}, "content": " "}, sequence("pretokenizers", {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
         split("h", "MergedWithNext"), split("[ou]", "Contiguous"), {"type": "Punctuation", "behavior": "Removed"}, byte_level(regex=False)), None, byte_level(), model(vocab, merges))


def train(name, **options):
    folder = OUT / name
    folder.mkdir(exist_ok=True)
    lines = [l for l in CORPUS.splitlines() if l.strip() and "\u2581" not in l and "\0" not in l]
    spm.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_prefix=str(folder / "tokenizer"), model_type="bpe", normalization_rule_name="identity",
                                   remove_extra_whitespaces=False, split_digits=True, allow_whitespace_only_pieces=True, num_threads=1, minloglevel=2, max_sentence_length=1 << 16, **options)
    (folder / "tokenizer.vocab").unlink()
    sp = spm.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    with open(folder / "sentencepiece.jsonl", "w") as f:
        for t in TEXTS:
            ids = sp.encode(t)
            f.write(json.dumps({"text": t, "ids": ids, "decoded": sp.decode(ids)}) + "\n")
    return sp


def sentencepiece_ones():
    sp = train("vicuna", vocab_size=700, byte_fallback=True, character_coverage=0.985)
    (OUT / "vicuna" / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer", "add_bos_token": False, "add_eos_token": False, "legacy": True}, indent=1) + "\n")
    train("spm-user", vocab_size=400, byte_fallback=False, character_coverage=0.985, user_defined_symbols=["<usr>", "the", " of", "\u2581\u2581\u2581"], add_dummy_prefix=False)
    (OUT / "spm-user" / "tokenizer_config.json").write_text(json.dumps({"add_bos_token": False}) + "\n")
    # The same vocabulary as tokenizer.json: a merge for each way to make a piece, the best score first.
    vocab = {sp.id_to_piece(i): i for i in range(sp.get_piece_size())}
    merges = sorted(((vocab[w], a, w[len(a):]) for w in vocab for a in (w[:i] for i in range(1, len(w))) if a in vocab and w[len(a):] in vocab), key=lambda m: -sp.get_score(m[0]))
    m = model(vocab, [m[1:] for m in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    added = [token(0, "<unk>"), token(1, "<s>"), token(2, "</s>")]
    decoder = sequence("decoders", {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})
    legacy = sequence("normalizers", {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"})
    save("llama2", added, legacy, None, template(added[1:2]), decoder, m, {"tokenizer_class": "LlamaTokenizerFast", "bos_token": {"content": "<s>"}, "eos_token": "</s>"})
    meta = lambda prepend, split: {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": prepend, "split": split}
    save("metaspace-first", added, None, meta("first", False), template(added[1:2]), decoder, m)
    save("metaspace-late", added, None, sequence("pretokenizers", split("[xH]", "Removed"), meta("first", False)), template(added[1:2]), decoder, m)
    fallen = {w: i for w, i in vocab.items() if not w.startswith("<0x")}
    m = model(fallen, [m[1:] for m in merges], unk_token="<unk>", fuse_unk=False)
    save("metaspace-words", added, None, meta("always", True), None, meta("always", True), m)
    save("metaspace-never", added, None, meta("never", True), None, None, m | {"fuse_unk": True})


if __name__ == "__main__":
    for ones in (byte_level_ones, cut_ones, sentencepiece_ones):
        if len(sys.argv) == 1 or ones.__name__ in sys.argv:
            ones()
    json.dump(TEXTS, sys.stdout)
