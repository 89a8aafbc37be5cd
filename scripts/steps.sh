#!/usr/bin/env bash
# Runs make targets one after another, goes on after a failure, and ends with what passed, what did not, and
# what was skipped.
set -uo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=()
report=""
for step in "$@"; do
	printf '\n=== make %s\n' "$step"
	SECONDS=0
	if make --no-print-directory "$step" 2>&1 | tee -a "$log"; then
		result=pass
	else
		result=FAIL
		failed+=("$step")
	fi
	report+=$(printf '  %-4s  %-9s %4d s' "$result" "$step" "$SECONDS")$'\n'
done

printf '\n%s' "$report"
grep -h '^\*\*\* SKIPPED' "$log"
if [ ${#failed[@]} -gt 0 ]; then
	echo "FAIL: ${failed[*]}"
	exit 1
fi
echo "PASS"
