#!/usr/bin/env bash
# Writes a release into the manifests: set-release.sh 2.3.0. Commit what it changed; Argo CD does the rest.
set -euo pipefail
release=${1:-}
[[ $release =~ ^[A-Za-z0-9._-]+$ ]] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# Behind the last `:` of an image, or between quotes, on lines that end in `# release`.
sed -i -E -e "s|^(.*image: .*:)[^: ]+( # release)\$|\1$release\2|" -e "s|^(.*: \")[^\"]*(\" # release)\$|\1$release\2|" "$here"/manifests/*.yaml
grep -c "$release.* # release\$" "$here"/manifests/*.yaml
