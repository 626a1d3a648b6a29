#!/usr/bin/env bash
# Rolls a release of __SERVICE__ out, or takes it back. After a failure, run it again: every step may be repeated.
#   roll-out.sh out 2.3.0     expand, roll out, mark, backfill, contract on its timer
#   roll-out.sh back 2.3.0    to the release before 2.3.0
# kubectl says which cluster and namespace. The Secret __NAME__-database holds the URL under the key `url`.
set -euo pipefail
usage() { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
verb=$1 release=$2
[[ $release =~ ^[A-Za-z0-9._-]+$ ]] || usage
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/job.sh"

case $verb in
out)
    run expand.yaml
    run mark.yaml started
    manifest deployment.yaml | kubectl apply --filename -
    kubectl rollout status deployment/__NAME__ --timeout 20m
    # `rollout status` is content while old pods are still terminating.
    drained '!='
    run mark.yaml deployed
    manifest contract.yaml | kubectl apply --filename -
    # In its own time; contracts wait for it.
    start backfill.yaml
    ;;
back)
    # Run again, it must not go forward.
    live=$(kubectl get deployment/__NAME__ --output 'jsonpath={.spec.template.metadata.labels.app\.kubernetes\.io/version}')
    [ "$live" != "$release" ] || kubectl rollout undo deployment/__NAME__
    kubectl rollout status deployment/__NAME__ --timeout 20m
    drained '='
    run mark.yaml rolled-back
    ;;
*) usage ;;
esac
