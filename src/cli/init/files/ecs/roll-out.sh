#!/usr/bin/env bash
# Rolls a release of __SERVICE__ out on ECS. After a failure, run it again: every step may be repeated.
#   roll-out.sh 2.3.0
# Once before: change accounts, regions, subnets and groups in the JSON files, then `aws ecs create-service --cli-input-json
# file://service.json` and `aws scheduler create-schedule --cli-input-json file://contract-schedule.json`. Needs aws and jq.
# Back to an earlier release is a roll-out of that release: its expand ran, and its marker says that it is live again.
set -euo pipefail
usage() { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 1 ] && [[ $1 =~ ^[A-Za-z0-9._-]+$ ]] || usage
release=$1
here=$(cd "$(dirname "$0")" && pwd)
cluster=$(jq -r .cluster "$here/service.json")
service=$(jq -r .serviceName "$here/service.json")

# Registers a task definition of this release; its ARN.
register() {
    local input
    input=$(sed "s/__RELEASE__/$release/g" "$here/$1")
    aws ecs register-task-definition --cli-input-json "$input" --query taskDefinition.taskDefinitionArn --output text
}

# Runs migrate as a task, and says how it ended. Only the exit code of the container tells; the reason is text for people.
once() {
    local overrides task seen
    overrides=$(jq -cn '{containerOverrides: [{name: "migrate", command: $ARGS.positional}]}' --args -- "$@")
    task=$(aws ecs run-task --cluster "$cluster" --launch-type FARGATE --task-definition "$migrations" --overrides "$overrides" \
        --network-configuration "$(jq -c .networkConfiguration "$here/service.json")" --query 'tasks[0].taskArn' --output text) || return 75
    [ "$task" != None ] || return 75
    # `aws ecs wait tasks-stopped` gives up after ten minutes.
    while true; do
        seen=$(aws ecs describe-tasks --cluster "$cluster" --tasks "$task" \
            --query 'tasks[0].[lastStatus,containers[0].exitCode]' --output text)
        case $seen in
        STOPPED*None) return 75 ;; # It never began.
        STOPPED*) return "$(awk '{ print $2 }' <<<"$seen")" ;;
        esac
        sleep 5
    done
}

# The same, again while it was temporary.
run() {
    local code attempt
    for attempt in 1 2 3 4 5 6; do
        code=0
        once "$@" || code=$?
        echo "migrate $*: $code (attempt $attempt)"
        [ "$code" -eq 75 ] || return "$code"
    done
    return 75
}

# The service's tasks, a JSON list of ARNs; with STOPPED, those that are to stop and may still drain.
tasks() { aws ecs list-tasks --cluster "$cluster" --service-name "$service" --desired-status "$1" --query taskArns --output json; }

# How many tasks of the service are (`==`) or are not (`!=`) of this task definition, those that drain included. Fails when AWS
# does not say. Asked in a condition, where `set -e` is off: each question ends the function itself.
left() {
    local running stopped all seen
    running=$(tasks RUNNING) || return
    stopped=$(tasks STOPPED) || return
    all=$(jq -rs 'if map(type) == ["array", "array"] then add | unique | .[] else error("no list of tasks") end' <<<"$running $stopped") || return
    [ -n "$all" ] || { echo 0; return; }
    # describe-tasks takes a hundred at most.
    seen=$(xargs -n 100 aws ecs describe-tasks --cluster "$cluster" --output json --tasks <<<"$all") || return
    jq -s --arg is "$1" --arg of "$application" '
        # A task that is missing is gone. Any other failure is no answer.
        if any(.[].failures[]?; .reason != "MISSING") then error("not every task was described") else
            [.[].tasks[] | select(.lastStatus != "STOPPED" and (.taskDefinitionArn == $of) == ($is == "=="))] | length
        end' <<<"$seen"
}

# Waits until none is left. A question that fails is asked again; after a minute of failures the roll-out ends without its marker.
drained() {
    local number failures=0
    while true; do
        if number=$(left "$1"); then
            [ "$number" != 0 ] || return 0
            failures=0
        else
            failures=$((failures + 1))
            [ "$failures" -lt 12 ] || return 1
        fi
        sleep 5
    done
}

migrations=$(register migrations.json)
run apply --phase expand --wait 10m
run mark started "__SERVICE__@$release"
application=$(register application.json)
aws ecs update-service --cluster "$cluster" --service "$service" --task-definition "$application" --query service.serviceArn --output text
while true; do
    state=$(aws ecs describe-services --cluster "$cluster" --services "$service" --output json |
        jq -r --arg of "$application" '.services[0].deployments as $all | [$all[] | select(.taskDefinition == $of) | .rolloutState][0] // "GONE"')
    case $state in
    COMPLETED) break ;;
    # The circuit breaker goes back to the earlier release by itself.
    FAILED | GONE)
        drained '=='
        run mark rolled-back "__SERVICE__@$release"
        exit 1
        ;;
    esac
    sleep 10
done
# Targets that drain still run old code.
drained '!='
run mark deployed "__SERVICE__@$release"
run apply --phase backfill --wait 10m
