#!/usr/bin/env python3
"""Writes step.json, which TestStep compares with: gradients and two steps of Adam of PMPD's KV classifier on one batch.

    pip install torch==2.15.0 && cd gpu/learn/testdata && python3 step.py

The network is written from its description as PyTorch modules, and autograd derives what the Go code derives by hand: two
heads of three values, three examples of five, three and seven tokens, the second with half of its attention dropped. Weights
and inputs are 32-bit numbers, all else is float64.
"""
import json

import torch
import torch.nn as nn
import torch.nn.functional as F

H, D, CLASSES = 2, 3, 4
RATE, DECAY = 1e-2, 0.02
EXAMPLES = [(5, 2), (3, 0), (7, 3)]  # tokens and right class


def numbers(shape, seed, scale):
    """A linear congruential generator (Numerical Recipes): the same values everywhere."""
    out, x, count = [], seed, torch.Size(shape).numel()
    for _ in range(count):
        x = (1664525 * x + 1013904223) % 2**32
        out.append((x / 2**32 - 0.5) * scale)
    return torch.tensor(out, dtype=torch.float32).double().view(shape)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        n = H * D
        self.query = nn.Parameter(numbers((H, H, D), 1, 1.5))
        self.first, self.second = nn.Linear(n, n).double(), nn.Linear(n, CLASSES).double()
        self.norm = nn.LayerNorm(n).double()
        for seed, p in enumerate(self.ordered()[1:], start=2):
            p.data = numbers(p.shape, seed, 1.5)

    def ordered(self):
        return [self.query, self.first.weight, self.first.bias, self.second.weight, self.second.bias, self.norm.weight, self.norm.bias]

    def forward(self, key, value, keep):  # [tokens, D] each; keep: [H, H, tokens]
        attention = F.softmax(self.query @ key.T / D**0.5, -1) * keep
        pooled = (attention @ value).mean(1)  # [H, D]
        return self.second(F.relu(self.first(self.norm(pooled.T.reshape(-1)))))


def main():
    net = Classifier()
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, weight_decay=DECAY)
    flat = lambda tensors: [t.detach().flatten().tolist() for t in tensors]
    out = dict(weights=flat(net.ordered()), rate=RATE, decay=DECAY, examples=[], gradients=[], after=[])
    inputs = []
    for i, (tokens, label) in enumerate(EXAMPLES):
        key, value, keep = numbers((tokens, D), 20 + i, 6), numbers((tokens, D), 30 + i, 2), torch.ones(H, H, tokens)
        if i == 1:
            keep = (numbers((H, H, tokens), 40, 1) > 0) * 2.0
        inputs.append((key, value, keep.double(), label))
        out["examples"].append(dict(key=flat([key])[0], value=flat([value])[0], keep=flat([keep])[0], label=label, tokens=tokens))
    for _ in range(2):
        optimizer.zero_grad()
        losses = []
        for key, value, keep, label in inputs:  # one at a time, accumulated
            loss = F.cross_entropy(net(key, value, keep), torch.tensor(label))
            (loss / len(inputs)).backward()
            losses.append(loss.item())
        out.setdefault("losses", losses)
        out["gradients"].append(flat([p.grad for p in net.ordered()]))
        optimizer.step()
        out["after"].append(flat(net.ordered()))
    with open("step.json", "w") as f:
        json.dump(out, f)
        f.write("\n")


main()
