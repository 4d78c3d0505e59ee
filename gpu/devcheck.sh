#!/usr/bin/env bash
# The first thing to run on a machine with an NVIDIA GPU, in minutes: does the driver have what is called, does ptxas take the PTX and
# with what registers, do the kernels yield on the GPU what they yield in emulation? Logs go to $OUT (out). Each step says ok, FAILED or
# skipped; the exit status is 1 if one failed.
#
#   OUT=out gpu/devcheck.sh
#
# A test binary carried ready built (KERNELS_TEST, from go test -c -tags cuda ./gpu/kernels/check) serves where there is no Go.
set -u
cd "$(dirname "$0")/.."
OUT=${OUT:-out}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
bad=0
say() { echo "$1: $2"; }
failed() { say "$1" "FAILED, see $2"; bad=1; }

{ nvidia-smi; nvcc --version; ldconfig -p | grep -i libcuda; } >"$OUT/machine.txt" 2>&1

# 1. every entry point that the program may call
lib=${PMPD_LIBCUDA:-$(ldconfig -p 2>/dev/null | awk '/libcuda\.so\.1/{print $NF; exit}')}
[ -n "$lib" ] || lib=$(find / -xdev -name 'libcuda.so.1' 2>/dev/null | head -n 1)
def=gpu/driver/shim/cuda_api.def
if [[ $lib == *libfakecuda.so ]]; then
	say symbols "skipped: PMPD_LIBCUDA is the emulator"
elif [ -n "$lib" ] && [ -e "$def" ] && command -v nm >/dev/null; then
	sed -n 's/^X([A-Za-z0-9_]*, \([A-Za-z0-9_]*\),.*/\1/p' "$def" | sort -u >"$OUT/wanted-symbols.txt"
	nm -D --defined-only "$lib" | awk '{print $3}' | sed 's/@.*//' | sort -u >"$OUT/driver-symbols.txt"
	comm -23 "$OUT/wanted-symbols.txt" "$OUT/driver-symbols.txt" >"$OUT/missing-symbols.txt"
	if [ -s "$OUT/missing-symbols.txt" ]; then failed symbols missing-symbols.txt; else say symbols "ok, $(wc -l <"$OUT/wanted-symbols.txt") in $lib"; fi
else
	say symbols "skipped: no libcuda.so.1, $def or nm"
fi

# 2. ptxas on the PTX: registers, spills
ptx=gpu/kernels/ptx/pmpd.sm_80.ptx
if command -v ptxas >/dev/null; then
	for arch in sm_80 sm_90; do
		log=ptxas.$arch.txt
		if ptxas -arch=$arch -v "$ptx" -o "$OUT/pmpd.$arch.cubin" >"$OUT/$log" 2>&1; then
			say "ptxas $arch" "ok"
			awk '/Compiling entry function/{split($0, q, "\047"); name = q[2]} /spill stores/{spill = $0; sub(/^ */, "", spill)}
				/Used [0-9]+ registers/{match($0, /Used [0-9]+/); print name, substr($0, RSTART + 5, RLENGTH - 5), "registers;", spill}' \
				"$OUT/$log" | sort | tee "$OUT/registers.$arch.txt"
		else
			failed "ptxas $arch" "$log"
		fi
	done
	command -v cuobjdump >/dev/null && cuobjdump -sass "$OUT/pmpd.sm_90.cubin" >"$OUT/pmpd.sm_90.sass" 2>&1
else
	say ptxas "skipped: not here; the driver's own compiler is what counts, next"
fi

# 3. the kernels on the GPU, against float64 and against the emulator's bits
if [ -n "${KERNELS_TEST:-}" ]; then
	test=("$KERNELS_TEST" -test.v)
elif command -v go >/dev/null && [ -x gpu/driver/env.sh ]; then
	eval "$(gpu/driver/env.sh)"
	go test -c -tags cuda -o "$OUT/kernels.test" ./gpu/kernels/check >"$OUT/build.txt" 2>&1 && test=("$OUT/kernels.test" -test.v) || failed "building the tests" build.txt
fi
if [ -n "${test:-}" ]; then
	if (cd gpu/kernels/check && "${test[@]}") >"$OUT/kernels.txt" 2>&1; then say kernels ok; else failed kernels kernels.txt; fi
	grep -E '^ *--- (FAIL|SKIP)' "$OUT/kernels.txt"
	if command -v compute-sanitizer >/dev/null; then
		for tool in memcheck racecheck; do
			log=$tool.txt
			if (cd gpu/kernels/check && compute-sanitizer --tool $tool --error-exitcode 9 "${test[@]}" -test.short) >"$OUT/$log" 2>&1; then say $tool ok; else failed $tool $log; fi
		done
	else
		say compute-sanitizer "skipped: not here"
	fi
else
	say kernels "skipped: no Go and no KERNELS_TEST"
fi

# 4. the same sources through nvcc: does clang's code cost anything?
if command -v nvcc >/dev/null; then
	if nvcc -arch=sm_90 -std=c++17 -O3 -fmad=false -cubin -Xptxas -v -o "$OUT/nvcc.cubin" gpu/kernels/cuda/pmpd.cu >"$OUT/nvcc.txt" 2>&1; then
		say nvcc "ok, registers in nvcc.txt"
	else
		failed nvcc nvcc.txt
	fi
else
	say nvcc "skipped: not here"
fi
exit $bad
