# What the roll-out scripts share: Jobs from the manifests beside this file. Sourced; `here` and `release` are set before.
# shellcheck shell=bash

manifest() { sed -e "s/__RELEASE__/${release:?}/g" -e "s/__MARK__/${2:-}/g" "${here:?}/$1"; }

# Starts a Job and prints its name.
start() { manifest "$@" | kubectl create --filename - --output name; }

# Runs a Job to its end. When it fails, says what it told last.
run() {
    local job ended
    job=$(start "$@")
    echo "$job: ${1%.yaml} ${2:-}"
    while true; do
        ended=$(kubectl get "$job" --output 'jsonpath={.status.conditions[?(@.status=="True")].type}')
        case " $ended " in
        *" Complete "*) return ;;
        *" Failed "*) break ;;
        esac
        sleep 2
    done
    kubectl get pods --selector "job-name=${job#job.batch/}" \
        --output 'jsonpath={range .items[*].status.containerStatuses[*]}{.state.terminated.message}{"\n"}{end}' >&2
    return 1
}

# Waits until no pod of the service is left whose release is (`=`) or is not (`!=`) this one, not even one that is terminating.
# A question that fails is no answer: it is asked again, and after a minute of failures the roll-out ends without its marker.
drained() {
    local left failures=0
    while true; do
        if left=$(kubectl get pods --selector "app.kubernetes.io/name in (__NAME__, __NAME__-primary),app.kubernetes.io/version$1$release" --output name); then
            [ -n "$left" ] || return 0
            failures=0
        else
            failures=$((failures + 1))
            [ "$failures" -lt 30 ] || return 1
        fi
        sleep 2
    done
}
