#!/usr/bin/env bash
# The step of action.yml: runs `migrate plan`, which annotates, summarises and sets outputs, and keeps the comment up to date.
# Reads its inputs and GitHub's variables from the environment alone. Needs bash, curl and jq, which GitHub's runners have.
set -euo pipefail

notice() { printf '::notice title=migrate::%s\n' "$1"; }
warning() { printf '::warning title=migrate::%s\n' "$1"; }

# The program: as named, else on the PATH, else built from the source beside this script.
find_command() {
    if [ -n "${INPUT_COMMAND:-}" ]; then
        printf '%s\n' "$INPUT_COMMAND"
    elif [[ $(migrate --help 2>/dev/null) == *expand-contract* ]]; then
        command -v migrate
    else
        cargo install --quiet --locked --path "$ACTION_PATH" --root "$RUNNER_TEMP/concertina" >&2
        printf '%s\n' "$RUNNER_TEMP/concertina/bin/migrate"
    fi
}

event() { jq -r "$1 // empty" "${GITHUB_EVENT_PATH:-/dev/null}" 2>/dev/null || true; }

# The reference that the pull request leaves; its history is fetched where the checkout is shallow.
find_base() {
    if [ "${INPUT_BASE:-auto}" != auto ]; then
        printf '%s\n' "$INPUT_BASE"
        return
    fi
    local base
    base=$(event .pull_request.base.sha)
    if [ -n "$base" ] && ! git merge-base "$base" HEAD >/dev/null 2>&1; then
        git fetch --quiet --unshallow origin >&2 || git fetch --quiet origin "$base" >&2 || true
    fi
    printf '%s\n' "$base"
}

api() {
    local method=$1 path=$2
    shift 2
    # The token comes through a pipe, so that no list of processes shows it.
    curl --config <(printf 'header = "Authorization: Bearer %s"\n' "$INPUT_TOKEN") --silent --show-error --fail-with-body --retry 3 --max-time 60 \
        --request "$method" --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
        "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$path" "$@"
}

# The id of the comment that begins with our mark; empty when there is none.
find_comment() {
    local number=$1 mark=$2 page=1 comments
    while [ "$page" -le 30 ]; do
        comments=$(api GET "issues/$number/comments?per_page=100&page=$page") || return 1
        jq -r --arg mark "$mark" '[.[] | select(.body | startswith($mark)) | .id][0] // empty' <<<"$comments"
        [ "$(jq length <<<"$comments")" -eq 100 ] || return 0
        page=$((page + 1))
    done
}

# Writes, replaces or clears the comment. What goes wrong with it does not fail the check.
comment() {
    local file=$1 has_findings=$2 number mark found body
    [ "${INPUT_COMMENT:-changes}" != never ] || return 0
    number=$(event .pull_request.number)
    [ -n "$number" ] || return 0
    if [ "$(event .pull_request.head.repo.full_name)" != "$GITHUB_REPOSITORY" ]; then
        notice 'no comment: the token of a pull request from a fork may not write one; the summary of this job has it'
        return 0
    fi
    mark=$(head -n 1 "$file")
    if ! found=$(find_comment "$number" "$mark"); then
        warning 'no comment: the comments of the pull request cannot be read; the job needs the permission pull-requests write'
        return 0
    fi
    found=${found%%$'\n'*}
    body=$(jq -Rs '{body: .}' "$file")
    # A comment that is there is always brought up to date; a new one needs something to say.
    if [ -n "$found" ]; then
        api PATCH "issues/comments/$found" --data-binary @- >/dev/null <<<"$body" || warning 'the comment could not be brought up to date'
    elif [ "$has_findings" = true ] || { [ "${INPUT_COMMENT:-changes}" = changes ] && grep -q '^| migration |' "$file"; }; then
        api POST "issues/$number/comments" --data-binary @- >/dev/null <<<"$body" || warning 'the comment could not be written'
    fi
}

main() {
    local command base folder code=0 arguments
    command=$(find_command)
    base=$(find_base)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    arguments=(plan "--project=${INPUT_PROJECT:-.}" "--report=markdown=$folder/comment.md")
    [ -z "${INPUT_SARIF:-}" ] || arguments+=("--report=sarif=$INPUT_SARIF")
    if [ -n "$base" ]; then
        arguments+=("--base=$base")
    elif [ -z "${INPUT_DATABASE_URL:-}" ]; then
        arguments+=(--offline)
    else
        export MIGRATE_DATABASE_URL=$INPUT_DATABASE_URL
    fi
    # The outputs are read back, so that they need no second run.
    GITHUB_ACTIONS=true GITHUB_OUTPUT="$folder/output" "$command" "${arguments[@]}" || code=$?
    touch "$folder/output"
    cat "$folder/output" >>"$GITHUB_OUTPUT"
    printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
    if [ -s "$folder/comment.md" ]; then
        comment "$folder/comment.md" "$(sed -n 's/^has-findings=//p' "$folder/output")"
    fi
    # Findings may be let through; whatever else went wrong may not.
    if [ "$code" -eq 3 ] && [ "${INPUT_FAIL:-true}" != true ]; then
        code=0
    fi
    exit "$code"
}

main
