"""Quantises rows as gpu/weights does, slowly: every way to cut a row is compared. Writes expected.json.

python3 reference.py  (NumPy 2.4.6)
"""
import json

import numpy as np


def best(x, w, k):
    """Cuts ascending values into k intervals of least squared error, by dynamic programming over all places."""
    p, q, r = (np.append(0, np.cumsum(v)) for v in (w, w * x, w * x * x))
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = r[None] - r[:, None] - (q[None] - q[:, None]) ** 2 / (p[None] - p[:, None])
    cost[np.tril_indices(len(p), -1)] = np.inf  # from a place to one before it
    np.fill_diagonal(cost, 0)
    least, places = cost[0], []
    for _ in range(k - 1):
        all_ways = least[:, None] + cost
        places.append(all_ways.argmin(0))
        least = all_ways.min(0)
    cuts = [len(x)]
    for place in reversed(places):
        cuts.insert(0, int(place[cuts[0]]))
    return [0] + cuts


def quantise(row, weights, seed):
    """The 8-bit codes of a row, and by width the means of its clusters and their weighed squared error."""
    x, where = np.unique(row.astype(np.float64), return_inverse=True)
    w = np.bincount(where, np.ones(len(row)) if weights is None or not weights.any() else weights.astype(np.float64))
    cuts = {seed: best(x, w, 2**seed)}
    for n in range(seed, 8):
        pairs = [[a, a + best(x[a:b], w[a:b], 2)[1] if b > a + 1 else b] for a, b in zip(cuts[n], cuts[n][1:])]
        cuts[n + 1] = sum(pairs, []) + [len(x)]
    if seed == 3:
        cuts[2] = cuts[3][::2]
    means, errors = {}, {}
    for n, c in sorted(cuts.items()):
        parts = [(x[a:b], w[a:b]) for a, b in zip(c, c[1:])]
        of = [float((w * x).sum() / w.sum()) if len(x) else None for x, w in parts]
        errors[n] = sum(float((w * (x - m) ** 2).sum()) for (x, w), m in zip(parts, of) if len(x))
        if n <= 5:
            means[n] = [None if m is None else int(np.float16(np.float32(m)).view(np.uint16)) for m in of]
    return (np.searchsorted(cuts[8], where, side="right") - 1).tolist(), means, errors


def main():
    rng = np.random.default_rng(18)
    rows = {"normal": rng.normal(0, 0.02, 96), "heavy": rng.standard_t(2, 96), "one sign": rng.random(64) + 3,
            "few": rng.integers(-9, 9, 64) / 8}
    cases = []
    for name, row in rows.items():
        row = row.astype(np.float16)
        sensitivities = {"none": None, "squares": rng.normal(0, 1, len(row)) ** 2, "steep": np.exp(rng.normal(0, 3, len(row))), "zeros": np.zeros(len(row))}
        for kind, weights in sensitivities.items():
            weights = None if weights is None else weights.astype(np.float32)
            for seed in (2, 3):
                codes, means, errors = quantise(row, weights, seed)
                cases.append({"name": f"{name}, {kind}, {seed}", "seed": seed, "tied": name == "few", "row": row.view(np.uint16).tolist(),
                              "sensitivities": None if weights is None else [float(v) for v in weights], "codes": codes,
                              "tables": means, "errors": errors})
    with open("expected.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
