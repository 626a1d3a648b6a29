"""Checks Kubernetes manifests: built-in kinds against the schemas of Kubernetes, strictly, Argo's and Istio's against their models.

Usage: manifests.py FILE... ; a file may hold several documents. Exits with 1 and names what is wrong.
"""

import json
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import yaml

# The newest version whose kinds every supported cluster has; preStop with `sleep` is stable there.
VERSION = "1.34"

# Groups whose kinds are not part of Kubernetes, and who knows them. Flagger publishes no package: its schema here is our own.
MODELS = {"argoproj.io": "models", "networking.istio.io": "models", "flagger.app": "flagger"}


def check(path, documents, customs):
    faults = []
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict) or "kind" not in document or "apiVersion" not in document:
            faults.append(f"{path}: a document without apiVersion or kind")
            continue
        group = document["apiVersion"].rpartition("/")[0]
        if group in MODELS:
            customs.append({"path": str(path), "document": document, "by": MODELS[group]})
            continue
        try:
            kubernetes_validate.validate(document, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            place = ".".join(str(part) for part in error.path)
            faults.append(f"{path}: {document['kind']}: {place}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            faults.append(f"{path}: {error}")
    return faults


def main(files):
    here = Path(__file__).parent
    faults, customs = [], []
    for name in files:
        with open(name) as file:
            faults += check(name, list(yaml.safe_load_all(file)), customs)
    modelled = [custom for custom in customs if custom["by"] == "models"]
    if modelled:
        found = subprocess.run(["node", here / "models.mjs"], input=json.dumps(modelled), text=True, capture_output=True)
        if found.returncode != 0:
            faults.append(found.stderr.strip())
    flagger = [custom for custom in customs if custom["by"] == "flagger"]
    if flagger:
        import jsonschema

        schema = json.loads((here / "flagger.schema.json").read_text())
        for custom in flagger:
            for error in jsonschema.Draft7Validator(schema).iter_errors(custom["document"]):
                place = ".".join(str(part) for part in error.absolute_path)
                faults.append(f"{custom['path']}: {place}: {error.message}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


sys.exit(main(sys.argv[1:]))
