#!/usr/bin/env bash
# Fails if gofmt would change a file.
set -euo pipefail
cd "$(dirname "$0")/.."

wrong=$(gofmt -l .)
if [ -n "$wrong" ]; then
	echo "gofmt -w is needed for:" >&2
	echo "$wrong" >&2
	exit 1
fi
