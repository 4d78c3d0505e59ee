"""Compares schedules of docs/quality/MODEL.jsonl prompt by prompt, and prints the tables of docs/quality.md.

    python3 docs/quality/hypotheses.py docs/quality/tiny.jsonl

A difference is that of two schedules on the same prompt; the interval of its mean is the percentile bootstrap of 95 % over
prompts (10,000 draws, seed 1). Python's own library suffices.
"""
import json
import random
import sys

MEASURES = ("KL", "ROUGE-L", "bits per token")
KEYS = {"KL": "kl", "ROUGE-L": "rouge_l", "bits per token": "bits_per_token"}


def read(path):
    rows = {}
    for line in open(path, encoding="utf-8"):
        row = json.loads(line)
        rows.setdefault(row["schedule"], {})[row["npu"]] = row
    return rows


def interval(values, draws=10000):
    drawn = random.Random(1)
    n = len(values)
    means = sorted(sum(drawn.choices(values, k=n)) / n for _ in range(draws))
    return sum(values) / n, means[int(draws * 0.025)], means[int(draws * 0.975) - 1]


def table(rows):
    npus = list(next(iter(rows.values())))
    print("| schedule | bits | bits per token | KL, nats | agreement | ROUGE-L | prefix |", " | ".join(f"tokens/s, {n}" for n in npus), "|")
    print("|---|" + "--:|" * (6 + len(npus)))
    for name, by in rows.items():
        r = next(iter(by.values()))
        half = lambda k: f"{(r[k + '_high'] - r[k + '_low']) / 2:.3f}"
        speeds = " | ".join(f"{by[n]['tokens_per_second']:.1f}" for n in npus)
        print(f"| `{name}` | {r['avg_weight_bits']:.2f} | {r['bits_per_token']:.3f} ± {half('bits_per_token')} | {r['kl_mean']:.3f} ± {half('kl')} "
              f"| {r['agreement']:.3f} | {r['rouge_l']:.3f} ± {half('rouge_l')} | {r['prefix_mean']:.1f} | {speeds} |")


def pairs(rows, all_pairs):
    print("| first | second | bits | " + " | ".join(f"{m}: first − second" for m in MEASURES) + " |")
    print("|---|---|--:|" + "--:|" * len(MEASURES))
    for a, b in all_pairs:
        if a not in rows or b not in rows:
            continue
        x, y = (next(iter(rows[n].values())) for n in (a, b))
        cells = []
        for m in MEASURES:
            d = [p - q for p, q in zip(x["by_prompt"][KEYS[m]], y["by_prompt"][KEYS[m]])]
            mean, low, high = interval(d)
            cells.append(f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]")
        print(f"| `{a}` | `{b}` | {x['avg_weight_bits']:.2f}, {y['avg_weight_bits']:.2f} | " + " | ".join(cells) + " |")


def positions(rows, names):
    names = [n for n in names if n in rows]
    blocks = next(iter(rows[names[0]].values()))["by_position"]
    print("| positions | " + " | ".join(f"`{n}`" for n in names) + " |")
    print("|---|" + "--:|" * len(names))
    for i, b in enumerate(blocks):
        kl = " | ".join(f"{next(iter(rows[n].values()))['by_position'][i]['kl']:.3f}" for n in names)
        print(f"| {b['from']}–{b['to']} | {kl} |")


def at_equal_bits(rows, name, pair):
    """A schedule beside the static ones of its pair, between the two whose average bits are next to its own, prompt by prompt."""
    first = lambda n: next(iter(rows[n].values()))
    high, low = pair.split(">")
    known = [n for n in rows if n in (f"uniform:{high}", f"uniform:{low}") or n.startswith(f"static:{pair}@") and "," not in n.split("@")[1]]
    known.sort(key=lambda n: first(n)["avg_weight_bits"])
    own = first(name)
    cells = []
    for m in MEASURES:
        k = KEYS[m]
        width = "avg_weight_bits_answers" if m == "ROUGE-L" else "avg_weight_bits"  # of the passes that the measure is of
        for a, b in zip(known, known[1:]):
            x, y = first(a), first(b)
            if x[width] <= own[width] <= y[width] and x[width] < y[width]:
                t = (own[width] - x[width]) / (y[width] - x[width])
                d = [p - ((1 - t) * q + t * r) for p, q, r in zip(own["by_prompt"][k], x["by_prompt"][k], y["by_prompt"][k])]
                mean, low95, high95 = interval(d)
                cells.append(f"{own[width]:.2f} | {mean:+.4f} [{low95:+.4f}, {high95:+.4f}]")
                break
    print(f"| `{name}` | " + " | ".join(cells) + " |")


def opposite(rows):
    """Schedules that fall beside those that rise, with as many passes at each width."""
    found = []
    for name, by in rows.items():
        if not name.startswith("static:") or name.count(">") != 1 or "," in name:
            continue
        high, rest = name[len("static:"):].split(">")
        low, step = rest.split("@")
        passes = next(iter(by.values()))["generated"] - 1
        other = f"static:{low}<{high}@{passes - int(step)}"
        if other in rows:
            found.append((name, other))
    return found


def main():
    rows = read(sys.argv[1])
    one = next(iter(rows.values()))
    print(f"{next(iter(one.values()))['model']}: {next(iter(one.values()))['prompts']} prompts\n")
    table(rows)
    print("\nLater tokens: lower bits last, against lower bits first\n")
    pairs(rows, opposite(rows))
    print("\nKL by position\n")
    positions(rows, ["uniform:4", "uniform:3", "uniform:2"] + [n for p in opposite(rows) for n in p])
    print("\nPrefill: more bits there, against more bits in decode\n")
    pairs(rows, [p for high, low in ((4, 3), (3, 2)) for p in (
        (f"uniform:{low},prefill={high}", f"uniform:{low}"), (f"uniform:{high},prefill={low}", f"uniform:{high}"),
        (f"uniform:{high},prefill={low}", f"uniform:{low},prefill={high}"))])
    print("\nSchedules that decide, against static ones\n")
    print("| schedule | " + " | ".join(f"bits | {m}: schedule − static" for m in MEASURES) + " |")
    print("|---|" + "--:|--:|" * len(MEASURES))
    for name in rows:
        kind, _, rest = name.partition(":")
        if kind in ("learned", "confidence", "random"):
            at_equal_bits(rows, name, rest.split(",")[0])


main()
