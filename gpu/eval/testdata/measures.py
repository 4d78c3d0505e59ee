"""Goldens of package eval's measures: ROUGE-L by rouge-score, KL and intervals by NumPy.

    pip install rouge-score==0.1.2 numpy==2.4.6 absl-py six nltk
    python measures.py > measures.json
"""

import json

import numpy as np
from rouge_score import rouge_scorer
from rouge_score.tokenizers import Tokenizer


class Words(Tokenizer):
    def tokenize(self, text):
        return text.split()


draw = np.random.Generator(np.random.PCG64(7))
scorer = rouge_scorer.RougeScorer(["rougeL"], tokenizer=Words())

rouge = []
for n, m, kinds in [(1, 1, 1), (1, 1, 9), (5, 5, 3), (12, 9, 4), (30, 64, 6), (64, 64, 12), (64, 64, 64), (64, 1, 3), (0, 4, 2), (4, 0, 2)]:
    a, b = draw.integers(kinds, size=n).tolist(), draw.integers(kinds, size=m).tolist()
    score = scorer.score(" ".join(map(str, a)), " ".join(map(str, b)))["rougeL"].fmeasure
    rouge.append(dict(reference=a, continuation=b, f=score))

kl = []
for n, scale in [(2, 1.0), (17, 3.0), (64, 9.0), (300, 30.0)]:
    p, q = (draw.normal(size=(2, n)) * scale).astype(np.float32)
    lp = p.astype(np.float64) - np.logaddexp.reduce(p.astype(np.float64))
    lq = q.astype(np.float64) - np.logaddexp.reduce(q.astype(np.float64))
    kl.append(dict(p=p.tolist(), q=q.tolist(), nats=float((np.exp(lp) * (lp - lq)).sum()), bits_of_last=float(-lq[-1] / np.log(2))))

intervals = []
for values in (draw.normal(4, 0.5, 40), draw.exponential(0.1, 200), draw.uniform(0, 1, 7)):
    means = values[draw.integers(len(values), size=(400_000, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    intervals.append(dict(values=values.tolist(), mean=float(values.mean()), low=float(low), high=float(high)))

print(json.dumps(dict(rouge=rouge, kl=kl, intervals=intervals), indent=1))
