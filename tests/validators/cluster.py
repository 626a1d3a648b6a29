#!/usr/bin/env python
"""Plays the part of a cluster for the Jobs that `migrate init --deploy` writes: runs their containers' arguments with the
real program, in the order that Helm and Argo CD document, and holds exit codes to the podFailurePolicy.

Usage: cluster.py helm|argocd FILE... ; cluster.py job FILE... runs the Jobs in the order of the files.
Environment: MIGRATE (the program), PROJECT (a checkout of the release), MIGRATE_DATABASE_URL (in place of the Secret).
As `kubectl` or `aws` (the name of the link that calls it) it serves what roll-out.sh asks for; its state lies in the folder
$CLUSTER. With $ABORTED set, controllers say that they gave the roll-out up. With $DRAINING set, the question what is left
fails once, then finds something, then nothing; a marker `deployed` before that is refused.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml


def pod(document):
    spec = document["spec"]
    return spec["jobTemplate"]["spec"] if document["kind"] == "CronJob" else spec


def arguments(container):
    values = {entry["name"]: entry.get("value", "") for entry in container.get("env", [])}
    return [re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], argument) for argument in container["args"]]


def run(document):
    """Runs a Job as Kubernetes would; whether it completed, and the message that its container left."""
    job = pod(document)
    container = job["template"]["spec"]["containers"][0]
    assert job["template"]["spec"]["restartPolicy"] == "Never", "podFailurePolicy asks for it"
    message = Path(os.environ["PROJECT"]) / "termination-log"
    environment = dict(os.environ, MIGRATE_TERMINATION_LOG=str(message))
    for attempt in range(job["backoffLimit"] + 1):
        line = [os.environ["MIGRATE"], *arguments(container)]
        ended = subprocess.run(line, cwd=os.environ["PROJECT"], env=environment, capture_output=True, text=True)
        told = message.read_text()
        json.loads(told)
        print(f"  migrate {' '.join(line[1:])}: {ended.returncode}", file=sys.stderr)
        if ended.returncode == 0:
            return True, told
        print(ended.stdout + ended.stderr, file=sys.stderr)
        for rule in job["podFailurePolicy"]["rules"]:
            if rule["action"] == "FailJob" and ended.returncode in rule["onExitCodes"]["values"]:
                return False, told
        if attempt > 2:
            return False, told
    return False, told


def hooks(documents, annotation, wanted, weight):
    jobs = [one for one in documents if one["kind"] == "Job"]
    marks = lambda one: (one["metadata"].get("annotations") or {})
    fitting = [one for one in jobs if wanted in [word.strip() for word in marks(one).get(annotation, "").split(",")]]
    return sorted(fitting, key=lambda one: int(marks(one).get(weight, "0")))


def must(document):
    completed, told = run(document)
    if not completed:
        sys.exit(f"{document['metadata'].get('name')} failed: {told}")


def helm(documents):
    for one in hooks(documents, "helm.sh/hook", "pre-upgrade", "helm.sh/hook-weight"):
        must(one)
    plain = [one for one in documents if "helm.sh/hook" not in (one["metadata"].get("annotations") or {})]
    for one in hooks(documents, "helm.sh/hook", "post-upgrade", "helm.sh/hook-weight"):
        must(one)
    for one in plain:
        if one["kind"] in ("Job", "CronJob"):
            must(one)


def argocd(documents):
    wave = "argocd.argoproj.io/sync-wave"
    hook = "argocd.argoproj.io/hook"
    for phase in ("PreSync", "Sync", "PostSync"):
        for one in hooks(documents, hook, phase, wave):
            must(one)
    for one in documents:
        if one["kind"] == "CronJob":
            must(one)


def remaining():
    """What is left of the other release: everything is gone at the third question."""
    if "DRAINING" not in os.environ:
        return False
    asked = Path(os.environ["CLUSTER"]) / "asked"
    asked.write_text((asked.read_text() if asked.exists() else "") + "?")
    if len(asked.read_text()) == 1:
        sys.exit("the question fails")
    return len(asked.read_text()) == 2


def drained(arguments):
    """A marker that comes too early."""
    if "DRAINING" in os.environ and arguments[:2] == ["mark", "deployed"]:
        asked = Path(os.environ["CLUSTER"]) / "asked"
        assert asked.exists() and len(asked.read_text()) == 3, "marked before all was drained"


def kubectl(words):
    """What roll-out.sh asks of kubectl."""
    state = Path(os.environ["CLUSTER"])
    log = state / "log"
    log.write_text((log.read_text() if log.exists() else "") + " ".join(words) + "\n")
    if words[0] == "create":
        document = yaml.safe_load(sys.stdin)
        assert "__" not in yaml.safe_dump(document), "a name was not filled"
        drained(arguments(pod(document)["template"]["spec"]["containers"][0]))
        completed, told = run(document)
        name = document["metadata"]["generateName"] + str(len(list(state.glob("*.job"))))
        (state / f"{name}.job").write_text("Complete" if completed else "Failed")
        (state / f"{name}.told").write_text(told)
        print(f"job.batch/{name}")
    elif words[0] == "get" and words[1].startswith("job.batch/"):
        print((state / (words[1].partition("/")[2] + ".job")).read_text())
    elif words[0] == "get" and "job-name=" in " ".join(words):
        name = re.search(r"job-name=(\S+)", " ".join(words))[1]
        print((state / f"{name}.told").read_text())
    elif words[0] == "apply":
        for document in yaml.safe_load_all(sys.stdin):
            assert "__" not in yaml.safe_dump(document), "a name was not filled"
            if document["kind"] == "CronJob":
                must(document)
            if document["kind"] == "Rollout":
                # The analysis before the first pod, which was applied before.
                must_analyse(state)
            if document["kind"] == "AnalysisTemplate" and "job" in document["spec"]["metrics"][0]["provider"]:
                (state / "analysis").write_text(yaml.safe_dump(document))
            labels = document["spec"].get("template", {}).get("metadata", {}).get("labels", {})
            if document["kind"] == "Deployment" and "app.kubernetes.io/version" in labels and "ABORTED" not in os.environ:
                (state / "primary").write_text(labels["app.kubernetes.io/version"])
    elif words[0] == "get" and words[1].startswith("rollout/"):
        print("3 3", "Degraded" if "ABORTED" in os.environ else "Healthy")
    elif words[0] == "get" and words[1].startswith("canary/"):
        calls = log.read_text().count("get canary/")
        phase = "Failed" if "ABORTED" in os.environ else "Succeeded"
        print(calls if "phase" not in words[-1] else f"{phase} {calls}")
    elif words[0] == "get" and words[1].startswith("deployment/"):
        print((state / "primary").read_text())
    elif words[0] == "get" and "app.kubernetes.io/version" in " ".join(words):
        if remaining():
            print("pod/old")
    elif words[0] in ("get", "rollout"):
        pass
    else:
        sys.exit(f"kubectl {' '.join(words)}: not played")


def must_analyse(state):
    template = yaml.safe_load((state / "analysis").read_text())
    job = template["spec"]["metrics"][0]["provider"]["job"]["spec"]
    job.setdefault("podFailurePolicy", {"rules": []})
    must({"kind": "Job", "metadata": template["metadata"], "spec": job})


def aws(words):
    """What roll-out.sh asks of the AWS command line."""
    import shapes

    state = Path(os.environ["CLUSTER"])
    options = dict(zip(words[2::2], words[3::2]))
    match words[:2]:
        case ["ecs", "register-task-definition"]:
            definition = json.loads(options["--cli-input-json"])
            report = shapes.faults("ecs", "RegisterTaskDefinition", definition)
            assert not report and "__" not in options["--cli-input-json"], report
            print(f"arn:aws:ecs:eu-central-1:1:task-definition/{definition['family']}:1")
        case ["ecs", "run-task"]:
            overrides = json.loads(options["--overrides"])
            report = shapes.faults("ecs", "RunTask", {"taskDefinition": options["--task-definition"], "overrides": overrides})
            network = json.loads(options["--network-configuration"])
            report += shapes.faults("ecs", "RunTask", {"taskDefinition": "a", "networkConfiguration": network})
            assert not report, report
            drained(overrides["containerOverrides"][0]["command"])
            line = [os.environ["MIGRATE"], *overrides["containerOverrides"][0]["command"]]
            ended = subprocess.run(line, cwd=os.environ["PROJECT"], capture_output=True, text=True)
            print(ended.stdout + ended.stderr, file=sys.stderr)
            (state / "task").write_text(str(ended.returncode))
            print("arn:aws:ecs:eu-central-1:1:task/default/1")
        case ["ecs", "describe-tasks"] if options["--output"] == "json":
            named = words[words.index("--tasks") + 1 :]
            assert len(named) <= 100, "describe-tasks takes a hundred"
            # What drains is the last of them.
            alive = {"taskArn": named[-1], "taskDefinitionArn": "another", "lastStatus": "DEACTIVATING"}
            print(json.dumps({"tasks": [alive] if named[-1].endswith("149") else [], "failures": []}))
        case ["ecs", "describe-tasks"]:
            print("STOPPED\t" + (state / "task").read_text())
        case ["ecs", "update-service"]:
            (state / "service").write_text(options["--task-definition"])
            print("arn:aws:ecs:eu-central-1:1:service/default/shop")
        case ["ecs", "describe-services"]:
            rolled = "FAILED" if "ABORTED" in os.environ else "COMPLETED"
            deployment = {"taskDefinition": (state / "service").read_text(), "rolloutState": rolled}
            print(json.dumps({"services": [{"deployments": [deployment]}]}))
        case ["ecs", "list-tasks"]:
            stopped = options["--desired-status"] == "STOPPED"
            print(json.dumps([f"arn:{number:03}" for number in range(150)] if stopped and remaining() else []))
        case _:
            sys.exit(f"aws {' '.join(words)}: not played")


if Path(sys.argv[0]).name == "kubectl":
    kubectl(sys.argv[1:])
elif Path(sys.argv[0]).name == "aws":
    aws(sys.argv[1:])
else:
    parts = [document for name in sys.argv[2:] for document in yaml.safe_load_all(Path(name).read_text()) if document]
    if sys.argv[1] == "job":
        for part in parts:
            must(part)
    else:
        {"helm": helm, "argocd": argocd}[sys.argv[1]](parts)
