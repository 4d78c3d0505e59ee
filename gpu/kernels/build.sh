#!/bin/sh
# Makes ptx/pmpd.sm_80.ptx and, with waits for the kernel before, ptx/pmpd.sm_90.ptx with the clang pinned here, the same bytes
# wherever that version runs, and packs both for the program. With a folder they go there, unpacked. The
# first line is what the sources were; a test holds it against them. ISA 7.8 is what drivers from CUDA 11.8 on compile, and what
# ld.global.nc.L1::no_allocate (7.4) and fence.acq_rel (6.0) need; sm_80 has cp.async, ldmatrix and m16n8k16.
# The pair of short-pointer options makes addresses of shared memory 32 bits. No contraction of a·b+c: sums are the emulator's.
set -eu
cd "$(dirname "$0")/cuda"
CLANG=${CLANG:-clang-19}
WANT=19.1.7
have=$($CLANG --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
[ "$have" = "$WANT" ] || { echo "build.sh: want clang $WANT, have ${have:-none}" >&2; exit 77; }
dir=${1:-../ptx}
# a name and a hash a file, so that a file that moves is another source
hash=$(for f in *.cu *.h; do echo "$f $(sha256sum <"$f" | cut -c1-64)"; done | LC_ALL=C sort | sha256sum | cut -c1-64)
for arch in sm_80 sm_90; do
  out=$dir/pmpd.$arch.ptx
  $CLANG -x cuda pmpd.cu -O3 -std=c++17 -ffp-contract=off --cuda-device-only -S -nocudainc -nocudalib --cuda-gpu-arch=$arch \
    --cuda-feature=+ptx78 -Xclang -fcuda-short-ptr -mllvm -nvptx-short-ptr -fno-ident -Wall -Wno-unused-function -o "$out.tmp"
  { echo "// source sha256 $hash, clang $have"; cat "$out.tmp"; } >"$out"
  rm "$out.tmp"
done
[ $# -gt 0 ] || (cd .. && go test . -run TestPTXIsPackedFromTheText -update)
