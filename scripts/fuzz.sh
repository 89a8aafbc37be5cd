#!/usr/bin/env bash
# Runs every fuzz target of the module: fuzz.sh TIME, where TIME is as of `go test -fuzztime`.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10000x}

targets=0
while IFS=: read -r file name; do
	targets=$((targets + 1))
	echo "--- $(dirname "$file") $name"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel 2 "./$(dirname "$file")"
done < <(find . -name '*_test.go' -exec grep -oE '^func Fuzz[A-Za-z0-9_]+' {} + | sed 's/func //; s|^\./||' | sort)

if [ "$targets" = 0 ]; then
	echo "no fuzz target was found" >&2
	exit 1
fi
echo "$targets fuzz targets"
