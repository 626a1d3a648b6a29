#!/usr/bin/env python3
"""The fuzz targets, guided by coverage, for so many CPU minutes each.

    rustup toolchain install nightly && cargo install cargo-fuzz
    fuzz/hour.py [--minutes 20] [--at-once 2] [--folder DIR] [--logs DIR]

Seeds are fuzz/corpus, every SQL example of the lints' pages and the example project; the dictionary is every reserved
word of src/sql/reserved.rs with what opens, closes or changes the meaning of text. A crash, a leak beyond 2 GiB or an input
that takes more than ten seconds ends a target's run, is reported with the file that reproduces it, and the run goes on
until its CPU time is spent. Exits with 1 where one was found. What was learnt stays in the folder for the next time.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = ("lint", "reader", "splitter")
DIALECTS = {"postgres": 0, "sqlite": 1, "mysql": 2}
PHASES = {"expand": 0, "backfill": 1, "contract": 2}
TICKS = os.sysconf("SC_CLK_TCK")

# What one input may take, in seconds and MiB, and how long it may be, in bytes. Slower than two seconds is told.
LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-report_slow_units=2")

# Text that opens, closes or changes the meaning of what stands around it.
MARKS = [
    "'", '"', "`", "$$", "$a$", "(", ")", "[", "]", ";", "--", "/*", "*/", "/*!50700", "/*M!100400", "\\", "E'", "U&'", "x'", "::", ":=", "=>", "->>",
    "{{ x }}", "${x}", ":VAR", "DELIMITER //\n", "GO\n", "\\.\n", "\\i x\n", "\r\n", "COPY t FROM STDIN;\n", "-- +goose StatementBegin\n",
    '-- migrate: allow(drop-column) reason="x"\n', "LANGUAGE plpgsql AS $$ BEGIN", "END $$", "IF NOT EXISTS", "IF EXISTS", "CONCURRENTLY", "NOT VALID",
    "USING INDEX", "GENERATED ALWAYS AS", "WITHOUT ROWID", "AUTO_INCREMENT", "ALGORITHM=INPLACE", "ATTACH PARTITION", "RENAME TO", "ALTER COLUMN",
    "DROP NOT NULL", "ON CONFLICT", "users", "orders", "name", "total", "1e9", "99999999999999999999",
]  # fmt: skip


def first_byte(dialect, phase):
    """What `file` of targets.rs makes this dialect and phase of; a digit or letter, for people who read seeds."""
    return bytes([48 + DIALECTS[dialect] + 3 * ((PHASES[phase] + 2) % 3)])


def seeds(folder):
    folder.mkdir(parents=True, exist_ok=True)
    texts = [path.read_bytes() for path in sorted((ROOT / "fuzz/corpus").iterdir())]
    for page in sorted((ROOT / "lints").glob("*.md")):
        for words, sql in re.findall(r"^```sql ([^\n]*)\n(.*?)^```", page.read_text(), re.M | re.S):
            dialects = [dialect for dialect in DIALECTS if dialect in re.split("[ ,]", words)] or list(DIALECTS)
            phase = next((phase for phase in PHASES if phase in re.split("[ ,]", words)), "expand")
            texts.extend(first_byte(dialect, phase) + sql.encode() for dialect in dialects)
    for script in sorted((ROOT / "migrations-example").rglob("*.sql")):
        phase = script.stem if script.stem in PHASES else "expand"
        texts.append(first_byte("postgres", phase) + script.read_bytes())
    for number, text in enumerate(dict.fromkeys(texts)):
        (folder / f"{number:05}").write_bytes(text)
    return len(set(texts))


def dictionary(file):
    words = re.findall(r'"([a-z_]+)"', (ROOT / "src/sql/reserved.rs").read_text())
    escaped = lambda word: "".join(c if c.isalnum() or c in " _" else f"\\x{ord(c):02x}" for c in word)
    file.write_text("".join(f'"{escaped(word)}"\n' for word in dict.fromkeys([*words, *MARKS])))


def build(folder):
    # cargo-fuzz asks the compiler for its unstable coverage; no sanitizer, since no line of ours is unsafe.
    command = ["cargo", "+nightly", "fuzz", "build", "--sanitizer", "none", "--target-dir", str(folder / "build")]
    subprocess.run(command, cwd=ROOT, check=True)
    return {target: next((folder / "build").glob(f"*/release/{target}")) for target in TARGETS}


def spent(pid):
    """CPU seconds of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(target, program, folder, logs, seconds):
    """Runs a target until its CPU time is spent; what it found."""
    corpus, artifacts = folder / target / "corpus", folder / target / "artifacts"
    corpus.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    known = set(artifacts.iterdir())
    used, broken = 0.0, 0
    with (logs / f"fuzz-{target}.log").open("w") as log:
        while used < seconds and broken < 10:
            options = [f"-artifact_prefix={artifacts}/", f"-dict={folder / 'sql.dict'}", *LIMITS, "-print_final_stats=1"]
            command = ["nice", "-n", "19", str(program), str(corpus), str(folder / "seeds"), *options]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            of_this = 0.0
            while process.poll() is None:
                try:
                    of_this = spent(process.pid)
                except (OSError, IndexError):
                    break
                if used + of_this >= seconds:
                    # It ends behind the input that it is at, with its figures.
                    process.send_signal(signal.SIGUSR1)
                    try:
                        process.wait(20)
                    except subprocess.TimeoutExpired:
                        process.kill()
                time.sleep(0.5)
            broken += process.wait() != 0
            used += max(of_this, 1.0)
    text = (logs / f"fuzz-{target}.log").read_text(errors="replace")
    inputs = sum(int(number) for number in re.findall(r"stat::number_of_executed_units:\s*(\d+)", text))
    found = sorted(set(artifacts.iterdir()) - known)
    print(f"{target}: {used / 60:.1f} CPU minutes, {inputs} inputs, {len(list(corpus.iterdir()))} that reach something of their own, {len(found)} found", flush=True)
    for artifact in found:
        print(f"  {artifact.name.split('-')[0]}: {program} {artifact}", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20, help="CPU minutes of each target")
    parser.add_argument("--at-once", type=int, default=2, help="targets that run at the same time")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "fuzz/target", help="programs, seeds and what is learnt")
    parser.add_argument("--logs", type=pathlib.Path, default=pathlib.Path("/tmp"))
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    programs = build(folder)
    dictionary(folder / "sql.dict")
    print(f"{seeds(folder / 'seeds')} seeds", flush=True)
    with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
        work = lambda target: run(target, programs[target], folder, arguments.logs, arguments.minutes * 60)
        found = [artifact for of_target in pool.map(work, TARGETS) for artifact in of_target]
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
