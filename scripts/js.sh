#!/usr/bin/env bash
# Runs the tests of the JavaScript clients, which need Node 20 or later and nothing else.
set -euo pipefail
cd "$(dirname "$0")/../sdk/js"

if ! command -v node >/dev/null; then
	echo "*** SKIPPED: no Node here; the tests of the JavaScript clients were not run."
	exit 0
fi
node --test test/*.test.js test/v1/*.test.mjs
