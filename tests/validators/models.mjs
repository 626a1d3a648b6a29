// Checks manifests of Argo CD, Argo Rollouts and Istio, as JSON on standard input, with the models of their own schemas.
import { readFileSync } from "node:fs";

async function model({ apiVersion, kind }) {
  for (const name of ["argo-cd", "argo-rollouts", "istio"]) {
    try {
      return (await import(`@kubernetes-models/${name}/${apiVersion}/${kind}`))[kind];
    } catch {
      // Another package may know it.
    }
  }
  throw new Error("there is no model of it");
}

let failed = false;
for (const { path, document } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    new (await model(document))(document).validate();
  } catch (error) {
    failed = true;
    console.error(`${path}: ${document.apiVersion} ${document.kind}: ${error.message}`);
  }
}
process.exitCode = failed ? 1 : 0;
