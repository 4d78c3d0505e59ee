"""Writes what --sensitivity reads: by weight, the mean over sequences of the squared gradient of their mean loss on calibration
text, as Any-Precision LLM (SNU-ARC/any-precision-llm, quantization/gradients.py: their sum) and SqueezeLLM (arXiv 2306.07629) take
it. torch 2.15.0, transformers 5.24.0, safetensors 0.8.0, gguf 0.19.0 (with accelerate 1.15.0):

    python3 sensitivity.py MODEL OUT.safetensors TEXT... [--sequences 64] [--tokens 128] [--seed 1]

MODEL is a folder that transformers reads, or a GGUF file, whose weights are dequantised. Sequences are drawn from the texts, all
tokens alike. Tensors are F8_E5M2, each scaled to its range: only ratios within a row matter.
"""
import argparse, os, pathlib
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

LARGEST = 57344  # of F8_E5M2 (OCP 8-bit Floating Point Specification 1.0)


def opened(path):
    if path.endswith(".gguf"):
        where, file = os.path.split(path)
        return [c.from_pretrained(where or ".", gguf_file=file, **k) for c, k in ((AutoModelForCausalLM, {"dtype": torch.float32}), (AutoTokenizer, {}))]
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32), AutoTokenizer.from_pretrained(path)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model"), p.add_argument("out"), p.add_argument("text", nargs="+")
    for name, value in (("sequences", 64), ("tokens", 128), ("seed", 1)):
        p.add_argument("--" + name, type=int, default=value)
    a = p.parse_args()
    model, tokenizer = opened(a.model)
    ids = torch.cat([torch.tensor(tokenizer(pathlib.Path(t).read_text(errors="replace"), add_special_tokens=False)["input_ids"]) for t in a.text])
    model.eval()
    weighed = {n: q for n, q in model.named_parameters() if q.dim() > 1 and (".layers." in n or ".h." in n)}
    for q in model.parameters():
        q.requires_grad_(False)
    total = {n: torch.zeros_like(q) for n, q in weighed.items()}
    for q in weighed.values():
        q.requires_grad_(True)
    places = torch.randint(len(ids) - a.tokens, (a.sequences,), generator=torch.Generator().manual_seed(a.seed))
    loss = 0.0
    for i, at in enumerate(places.tolist()):
        window = ids[at:at + a.tokens][None]
        out = model(input_ids=window, labels=window).loss
        out.backward()
        loss += out.item()
        for n, q in weighed.items():
            total[n].addcmul_(q.grad, q.grad)
            q.grad = None
        print(f"\r{i + 1} of {a.sequences} sequences, mean loss {loss / (i + 1):.3f}", end="", flush=True)
    print()
    scaled = {n: (t / t.max().clamp(min=1e-38) * LARGEST).to(torch.float8_e5m2) for n, t in total.items()}
    save_file(scaled, a.out, metadata={"format": "pt", "sequences": str(a.sequences), "tokens": str(a.tokens), "seed": str(a.seed)})


if __name__ == "__main__":
    main()
