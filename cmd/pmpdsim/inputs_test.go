package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
)

// inputs are the places where the program reads a file that a user names, each as a command line with FILE for the file's path.
// NAME/FILE is a file of that name in a folder, which the command line has.
var inputs = []struct{ name, file, args string }{
	{"an NPU", "n.yaml", "run --npu FILE"},
	{"a DRAM part", "p.yaml", "dram part check FILE"},
	{"a DRAM part of an NPU", "p.yaml", "run --set dram.standard=FILE"},
	{"a model", "m.json", "run --model FILE --prompt 4 --gen 2"},
	{"a trace", "t.trace.jsonl.zst", "run --trace FILE"},
	{"a trace to look at", "t.trace.jsonl.zst", "trace info FILE"},
	{"a trace to repair", "t.trace.jsonl.zst", "trace repair FILE -o out.trace.jsonl.zst"},
	{"a trace to decide on", "t.trace.jsonl.zst", "schedule random:4>3,seed=7 --trace FILE"},
	{"a spec", "s.yaml", "sweep FILE --dry-run"},
	{"results to compare", "r.jsonl", "compare FILE"},
	{"results to draw", "r.jsonl", "plot pareto FILE -o out.png"},
	{"results for a page", "r.jsonl", "report FILE -o out.html"},
	{"results to export", "r.jsonl", "export FILE -o out.csv"},
	{"results to run again", "r.jsonl", "rerun FILE"},
	{"a plan", "sweep/plan.jsonl", "sweep status sweep"},
	{"a folder's results", "only/results.jsonl", "compare only"},
	{"a trace of addresses", "a.trace", "dram --standard lpddr5-6400 --addresses FILE"},
	{"a classifier", "c.safetensors", "record --model tiny-llama --weights random --backend cpu --schedule learned:4>2,classifier=FILE --prompt 4 --gen 8 -o out.trace.jsonl.zst"},
	{"weights", "w/model.safetensors", "record --model w --backend cpu --schedule fp16 --prompt 4 --gen 3 -o out.trace.jsonl.zst"},
	{"the index of weights", "i/model.safetensors.index.json", "record --model i --backend cpu --schedule fp16 --prompt 4 --gen 3 -o out.trace.jsonl.zst"},
	{"the text of a prompt", "p.txt", "record --model words --weights random --backend cpu --schedule fp16 --prompt-file FILE --gen 3 -o out.trace.jsonl.zst"},
	{"a text to cut into prompts", "t.txt", "quality --text FILE --prompts 1 --prompt 4 --gen 3 --schedule uniform:4 --npu none"},
