#!/usr/bin/env bash
# Checks what the tests need, and installs what is missing where that is possible.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v go >/dev/null; then
	echo "Go is missing: https://go.dev/dl/" >&2
	exit 1
fi
# An older Go stops here, or fetches the version that go.mod asks for.
go version
go mod download

# want PACKAGE LOSS PROGRAM...: one of the programs, or the Debian package that has it.
want() {
	local package=$1 loss=$2 program
	shift 2
	for program in "$@"; do
		if command -v "$program" >/dev/null; then
			echo "found $program"
			return
		fi
	done
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing $package"
		apt-get -q update && apt-get -qy install --no-install-recommends "$package" && return
	fi
	echo "*** SKIPPED: $loss, since there is no $package here and no way to install it"
}

want chromium "the demos in a browser" chromium chromium-browser google-chrome google-chrome-stable
want curl "the examples of the manual" curl
