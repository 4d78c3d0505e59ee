#!/bin/sh
# Makes OUTDIR/libfakecuda.so: the kernels as host code behind the driver's interface. Needs g++ (or CXX) with C++17.
# EMU_KERNELS names another folder of kernel sources and EMU_FLAGS other options than -O2, for tests that spoil a kernel.
set -eu
[ $# -eq 1 ] || { echo "usage: build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)/libfakecuda.so
flags="-std=c++17 ${EMU_FLAGS:--O2} -fPIC -shared -pthread -fvisibility=hidden -fno-strict-aliasing -ftls-model=initial-exec -ffp-contract=off -DPMPD_EMU -I$here"
# binary16 and fused multiply-add in hardware make the emulation a few times faster; results are the same
if grep -qw f16c /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo; then flags="$flags -mf16c -mfma -mavx2"; fi
registry=$here/registry.cpp
if [ -n "${EMU_KERNELS:-}" ]; then
  registry=$(mktemp -d)/registry.cpp
  trap 'rm -r "${registry%/*}"' EXIT
  sed "s,\.\./kernels/cuda,$EMU_KERNELS," "$here/registry.cpp" >"$registry"
fi
# compiled anew beside the old one and moved, so that a process that has it open keeps it
${CXX:-g++} $flags -Wall -Wextra -Wno-unknown-pragmas -o "$out.$$" "$here/emu.cpp" "$here/fakecuda.cpp" "$registry" -ldl
mv "$out.$$" "$out"
