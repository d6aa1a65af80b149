#!/usr/bin/env bash
# %ABOUT%
#
# %USAGE%
# Needs Bash, %NEEDS% and nothing else.
set -euo pipefail

BASE_URL="${BASE_URL:-%BASE_URL%}"
BASE_URL="${BASE_URL%/}"
%VARIABLES%
# Some values are taken only once: this makes those of every run its own.
RUN="$(date +%s)$$"
FAILURES=0
ANSWER=""

# Proves who calls; the body is what is sent, byte by byte.
authorize() {
  local key="$1" body="$2"
%AUTHORIZE%
}

# Sends a request: name, method, path, key (- where none is needed), body. What it answers is in ANSWER.
call() {
  local name="$1" method="$2" path="$3" key="$4" body="${5-}" answer status
  ANSWER=""
  if [ -z "$key" ]; then
    printf '%s: skipped, its key is not set\n\n' "$name"
    return
  fi
  ARGUMENTS=(--silent --show-error --globoff --max-time 30 --request "$method" --header 'Accept: application/json')
  if [ -n "$body" ]; then
    ARGUMENTS+=(--header 'Content-Type: application/json' --data-binary "$body")
  fi
  if [ "$key" != - ]; then
    authorize "$key" "$body"
  fi
  answer="$(curl "${ARGUMENTS[@]}" --write-out '\n%{http_code}' "$BASE_URL$path")"
  status="${answer##*$'\n'}"
  ANSWER="${answer%$'\n'*}"
  if [ "$status" -ge 400 ]; then
    FAILURES=$((FAILURES + 1))
  fi
  printf '%s: %s\n%s\n\n' "$name" "$status" "$ANSWER"
}

# The value of a field of the last answer, behind the fields named before it. It reads what these answers look like; a program
# would parse them.
pick() {
  local rest="$ANSWER" field
  for field in "$@"; do
    case "$rest" in *"\"$field\":"*) ;; *) return ;; esac
    rest="${rest#*\"$field\":}"
  done
  rest="${rest#"${rest%%[![:space:]]*}"}"
  case "$rest" in
    \"*) rest="${rest#\"}" && printf '%s' "${rest%%\"*}" ;;
    *) printf '%s' "${rest%%[],\}]*}" ;;
  esac
}

# A value as a part of a path or query, percent-encoded.
segment() {
  local LC_ALL=C text="$1" at letter
  for ((at = 0; at < ${#text}; at++)); do
    letter="${text:at:1}"
    case "$letter" in
      [a-zA-Z0-9._~-]) printf '%s' "$letter" ;;
      *) printf '%s' "$letter" | od -An -tx1 | tr -d ' \n' | sed 's/../%&/g' ;;
    esac
  done
}

%CALLS%
[ "$FAILURES" -eq 0 ]
