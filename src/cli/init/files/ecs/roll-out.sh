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
        --network-configuration "$(jq -c .networkConfiguration "$here/service.json")" --query 'tasks[0].taskArn' --output text)
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

# How many tasks of the service are not of this task definition, those that drain included.
others() {
    local tasks
    tasks=$({
        aws ecs list-tasks --cluster "$cluster" --service-name "$service" --desired-status RUNNING --query taskArns --output json
        aws ecs list-tasks --cluster "$cluster" --service-name "$service" --desired-status STOPPED --query taskArns --output json
    } | jq -rs 'add | unique | .[]')
    [ -n "$tasks" ] || { echo 0; return; }
    # shellcheck disable=SC2086 # one word for each task
    aws ecs describe-tasks --cluster "$cluster" --tasks $tasks --output json |
        jq --arg of "$1" '[.tasks[] | select(.lastStatus != "STOPPED" and .taskDefinitionArn != $of)] | length'
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
        run mark rolled-back "__SERVICE__@$release"
        exit 1
        ;;
    esac
    sleep 10
done
# Targets that drain still run old code.
until [ "$(others "$application")" -eq 0 ]; do sleep 5; done
run mark deployed "__SERVICE__@$release"
run apply --phase backfill --wait 10m
