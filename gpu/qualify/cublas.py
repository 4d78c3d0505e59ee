# Matrix-vector products in fp16 by torch, which calls cuBLAS: the same shapes as bench.jsonl, CUDA graphs over copies of the
# weights that the L2 cache does not hold. A JSON object a line. Arguments: device, repeats, OUTxIN,...
import json, statistics, sys

try:
    import torch
except ImportError:
    print("python3 has no torch", file=sys.stderr)
    sys.exit(77)
if not torch.cuda.is_available():
    print("torch sees no GPU", file=sys.stderr)
    sys.exit(77)
device, repeats = int(sys.argv[1]), int(sys.argv[2])
torch.cuda.set_device(device)
for shape in sys.argv[3].split(","):
    rows, columns = map(int, shape.split("x"))
    size = 2 * (rows * columns + rows + columns)
    copies = max(1, int(max(200e6, 4 * getattr(torch.cuda.get_device_properties(device), "L2_cache_size", 64 << 20)) // size) + 1)
    launches = -(-32 // copies) * copies
    weights = [torch.randn(rows, columns, dtype=torch.float16, device="cuda") for _ in range(copies)]
    x = torch.randn(columns, dtype=torch.float16, device="cuda")
    y = torch.empty(rows, dtype=torch.float16, device="cuda")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.mv(weights[0], x, out=y)
    torch.cuda.synchronize()

    def median(launches):
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            for i in range(launches):
                torch.mv(weights[i % copies], x, out=y)
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        times = []
        for _ in range(1 + repeats):
            with torch.cuda.stream(stream):
                before.record()
                graph.replay()
                after.record()
            after.synchronize()
            times.append(before.elapsed_time(after) / 1e3)
        return statistics.median(times[1:])

    took = (median(2 * launches) - median(launches)) / launches  # as gpu bench does: what launching a graph takes is in both
    if took <= 0:
        sys.exit(f"{2 * launches} launches take no longer than {launches}")
    print(json.dumps({"kind": "cublas", "name": "torch " + torch.__version__, "out": rows, "in": columns, "weight_bits": 16, "bytes": size,
                      "seconds": took, "bytes_per_second": size / took}), flush=True)
    del weights
