#!/usr/bin/env bash
# Runs the tests of the JavaScript client, which need Node 18 or later and nothing else.
set -euo pipefail
cd "$(dirname "$0")/../sdk/js"

if ! command -v node >/dev/null; then
	echo "*** SKIPPED: no Node here; the tests of the JavaScript client were not run."
	exit 0
fi
node --test test/*.test.js
