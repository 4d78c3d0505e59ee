# What .ci/run and .ci/long share: steps that are timed and never end the script, and tests that are counted. Sourced by bash.

steps=0 skipped=() failed=()
log=$(mktemp)    # what the current step printed
totals=$(mktemp) # "N passed, M failed", a line for each run of tests
trap 'rm -f "$log" "$totals"' EXIT

step() { # step NAME COMMAND...; a command that prints "skipped: why" has done nothing.
	local start=$SECONDS name=$1
	shift
	steps=$((steps + 1))
	echo "== $name"
	"$@" 2>&1 | tee "$log" || failed+=("$name")
	! grep -q '^skipped: ' "$log" || skipped+=("$name")
	echo "   ($((SECONDS - start)) s)"
}

tracked() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do [ ! -e "$f" ] || echo "$f"; done; }

# counted COMMAND... runs go test; -json only lets the results be counted.
counted() { "$@" -json 2>&1 | count; }

# count prints what go test -json says as go test would say it, and keeps the counts.
count() {
	local said status=0
	said=$(mktemp)
	go run .ci/count.go | tee "$said" || status=1
	tail -n 1 "$said" >>"$totals"
	rm "$said"
	return $status
}

# packages PATTERN prints the folders of the tests that have a line of this pattern, as go test takes them.
packages() { grep -rlE --include='*_test.go' -- "$1" . | xargs -n 1 dirname | sort -u; }
