#!/usr/bin/env bash
# Rolls a release of __SERVICE__ out with Argo Rollouts. After a failure, run it again: every step may be repeated.
#   roll-out.sh canary 2.3.0
#   roll-out.sh blue-green 2.3.0
# Back to an earlier release is a roll-out of that release: its expand ran, and its marker says that it is live again.
# An abort meanwhile (`kubectl argo rollouts abort __NAME__`) is marked, too.
set -euo pipefail
usage() { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
strategy=$1 release=$2
[[ $strategy =~ ^(canary|blue-green)$ && $release =~ ^[A-Za-z0-9._-]+$ ]] || usage
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/job.sh"

run expand.yaml
run mark.yaml started
manifest serve.yaml | kubectl apply --filename -
manifest analysis.yaml | kubectl apply --filename -
manifest "$strategy.yaml" | kubectl apply --filename -
while true; do
    # The controller has seen this very spec, and says how far it is.
    seen=$(kubectl get rollout/__NAME__ --output 'jsonpath={.metadata.generation} {.status.observedGeneration} {.status.phase}')
    read -r wanted observed phase <<<"$seen"
    if [ "$wanted" = "$observed" ]; then
        case $phase in
        # The stable release is the new one.
        Healthy) break ;;
        # Aborted: the stable release is the old one.
        Degraded)
            drained '='
            run mark.yaml rolled-back
            exit 1
            ;;
        esac
    fi
    sleep 5
done
drained '!='
run mark.yaml deployed
manifest contract.yaml | kubectl apply --filename -
# In its own time; contracts wait for it.
start backfill.yaml
