#!/bin/sh
# Builds OUTDIR/libfakecuda.so: the kernels as host code behind the driver's interface. Needs g++ (or CXX) with C++17.
# For tests with faulty kernels, EMU_KERNELS names another folder of kernel sources and EMU_FLAGS replaces -O2.
set -eu
[ $# -eq 1 ] || { echo "usage: build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)/libfakecuda.so
flags="-std=c++17 ${EMU_FLAGS:--O2} -fPIC -shared -pthread -fvisibility=hidden -fno-strict-aliasing -ftls-model=initial-exec -ffp-contract=off -DPMPD_EMU -I$here"
# binary16 and fused multiply-add in hardware make the emulation a few times faster; results are the same
if grep -qw f16c /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo; then flags="$flags -mf16c -mfma -mavx2"; fi
kernels=${EMU_KERNELS:-$here/../kernels/cuda}
generated=$(mktemp -d)
trap 'rm -r "$generated"' EXIT
sed -n 's/^\([a-z][a-z0-9_]*\) .*/K(\1)/p' "$here/../kernels/kernels.txt" >"$generated/kernel_names.inc"
# built beside the old file and moved over it, so that a process that has the old one open keeps it
${CXX:-g++} $flags -I"$kernels" -I"$generated" -Wall -Wextra -Wno-unknown-pragmas -o "$out.$$" "$here"/emu.cpp "$here"/allocations.cpp "$here"/races.cpp \
  "$here"/fakecuda.cpp "$here"/errors.cpp "$here"/registry.cpp -ldl
mv "$out.$$" "$out"
