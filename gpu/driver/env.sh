#!/usr/bin/env bash
# Builds the stand-in for libcuda and prints what a build with -tags cuda needs in its environment:
#
#   eval "$(gpu/driver/env.sh)" && go build -tags cuda ./cmd/pmpdsim
#
# The flags cannot stand in #cgo lines: gorgonia.org/cu is a package of its own. The folder is named after what is in it, since
# go build and go test reuse what they made as long as the flags are the same, whatever lies behind them.
set -euo pipefail
cd "$(dirname "$0")/shim"
top=$(cd ../../.. && pwd)
cc=${CC:-gcc}
command -v "$cc" >/dev/null || { echo "$0: no C compiler: $cc is not installed" >&2; exit 1; }

dir=$top/build/cuda/$(cat ./* | sha256sum | cut -c 1-12)
if [ ! -e "$dir/libcuda.a" ]; then
	mkdir -p "$top/build/cuda"
	new=$(mktemp -d "$top/build/cuda/new.XXXXXX")
	trap 'rm -rf -- "$new"' EXIT
	"$cc" -O2 -Wall -Wextra -fPIC -c lazy.c -o "$new/lazy.o"
	ar rcsD "$new/libcuda.a" "$new/lazy.o"
	mkdir -p "$dir"
	cp ./*.h ./*.def "$dir"
	mv "$new/libcuda.a" "$dir/libcuda.a"
fi
cat <<SH
export CGO_ENABLED=1 CGO_CFLAGS='-O2 -g "-I$dir"' CGO_LDFLAGS='"-L$dir"'
SH
