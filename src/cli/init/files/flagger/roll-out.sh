#!/usr/bin/env bash
# Rolls a release of __SERVICE__ out with Flagger. After a failure, run it again: every step may be repeated.
#   roll-out.sh out 2.3.0
# Back to an earlier release is a roll-out of that release: its expand ran, and its marker says that it is live again.
set -euo pipefail
usage() { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] && [ "$1" = out ] || usage
release=$2
[[ $release =~ ^[A-Za-z0-9._-]+$ ]] || usage
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/job.sh"

run expand.yaml
run mark.yaml started
# The server answers for the files of the newest release.
manifest serve.yaml | kubectl apply --filename -
kubectl rollout status deployment/__NAME__-migrate --timeout 5m
manifest canary.yaml | kubectl apply --filename -
# What Flagger says of an earlier roll-out is no news.
before=$(kubectl get canary/__NAME__ --output 'jsonpath={.status.lastTransitionTime}')
manifest deployment.yaml | kubectl apply --filename -
while true; do
    read -r phase at <<<"$(kubectl get canary/__NAME__ --output 'jsonpath={.status.phase} {.status.lastTransitionTime}')"
    case $phase in
    Initialized | Succeeded)
        live=$(kubectl get deployment/__NAME__-primary --output 'jsonpath={.spec.template.metadata.labels.app\.kubernetes\.io/version}')
        [ "$live" != "$release" ] || break
        ;;
    Failed)
        [ "$at" != "$before" ] || { sleep 5 && continue; }
        drained '='
        run mark.yaml rolled-back
        exit 1
        ;;
    esac
    sleep 5
done
drained '!='
run mark.yaml deployed
manifest contract.yaml | kubectl apply --filename -
# In its own time; contracts wait for it.
start backfill.yaml
