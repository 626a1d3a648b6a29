"""Reads JUnit reports as the programs that show them do, and holds the counts to the cases."""

import sys

from junitparser import Error, Failure, JUnitXml


def faults(path):
    """What is wrong with a report."""
    report = JUnitXml.fromfile(path)
    said = {"tests": report.tests, "failures": report.failures, "errors": report.errors}
    cases = [case for suite in report for case in suite]
    names = [(case.classname, case.name) for case in cases]
    if not cases:
        yield "no test case"
    if len(set(names)) != len(names):
        yield "two test cases have one name"
    found = {"tests": len(cases)}
    for word, kind in (("failures", Failure), ("errors", Error)):
        found[word] = sum(any(isinstance(result, kind) for result in case.result) for case in cases)
    for word, number in found.items():
        if number != said[word]:
            yield f"{number} {word}, the report says {said[word]}"


wrong = [f"{path}: {fault}" for path in sys.argv[1:] for fault in faults(path)]
if wrong:
    sys.exit("\n".join(wrong))
