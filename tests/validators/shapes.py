"""Checks JSON inputs of the AWS command line against the shapes that botocore knows.

Usage: shapes.py FILE... ; the name of a file says which operation takes it.
"""

import json
import sys
from pathlib import Path

import botocore.session
from botocore.validate import ParamValidator

OPERATIONS = {
    "migrations.json": ("ecs", "RegisterTaskDefinition"),
    "application.json": ("ecs", "RegisterTaskDefinition"),
    "service.json": ("ecs", "CreateService"),
    "contract-schedule.json": ("scheduler", "CreateSchedule"),
}


def faults(service, operation, value):
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    return ParamValidator().validate(value, shape).generate_report()


if __name__ == "__main__":
    wrong = False
    for name in sys.argv[1:]:
        path = Path(name)
        value = json.loads(path.read_text())
        if path.name == "lifecycle-hook.json":
            # A part of a service.
            report = faults("ecs", "CreateService", {"serviceName": "a", "deploymentConfiguration": {"lifecycleHooks": [value]}})
        else:
            report = faults(*OPERATIONS[path.name], value)
        if report:
            wrong = True
            print(f"{path}: {report}", file=sys.stderr)
    sys.exit(1 if wrong else 0)
