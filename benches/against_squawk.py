#!/usr/bin/env python3
"""Whole processes side by side: `migrate plan` and squawk over the same made-up history, in the same run.

    pip install squawk-cli==2.70.0
    cargo build --release --bin migrate && benches/against_squawk.py

Writes the history (`cargo bench --bench replay -- --write`), runs both programs by turns, and prints the CPU seconds
(user and system, as the kernel counts them for the finished process and its children), the largest resident size, the
ratios, whether twice the files take twice the time, and what one new file on top of the history costs with a warm
cache. CPU seconds are the figure to compare: the wall time depends on what else the machine does.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NEW = "ALTER TABLE orders_7 ADD COLUMN added_last integer;\n"


def measure(command, folder, environment):
    """CPU seconds, wall seconds, peak MiB and bytes of output of one process."""
    with tempfile.TemporaryFile() as out:
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        # Both say 1 or 3 for findings; anything else is no run to be measured.
        if process.returncode not in (0, 1, 3):
            sys.exit(f"{' '.join(command[:4])} ended with {process.returncode}")
        return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, out.seek(0, os.SEEK_END)


def history(folder, files):
    """A project with so many files."""
    migrations = folder / "migrations"
    # Writing takes no time: a build without optimisation will do.
    generate = ["cargo", "bench", "--profile", "dev", "--quiet", "--bench", "replay", "--", "--write", str(migrations), str(files)]
    subprocess.run(generate, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (folder / "migrate.toml").write_text('dialect = "postgres"\nserver_version = "15"\n')
    return sorted(str(path.relative_to(folder)) for path in migrations.glob("*.sql"))


def squawk():
    """Where pip puts the program of this Python; what stands on the PATH may be a shell script in front of it."""
    installed = pathlib.Path(sysconfig.get_path("scripts")) / "squawk"
    return str(installed) if installed.exists() else shutil.which("squawk") or "squawk"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000, help="files of the smaller history; the larger has twice as many")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program; the medians are compared")
    parser.add_argument("--migrate", default=str(ROOT / "target/release/migrate"))
    parser.add_argument("--squawk", default=squawk(), help="the program itself, not a script that starts it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        environment = {**os.environ, "MIGRATE_CACHE_DIR": str(scratch / "cache")}
        for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL"):
            environment.pop(name, None)
        medians = {}
        for files in (arguments.files, arguments.files * 2):
            folder = scratch / str(files)
            paths = history(folder, files)
            plan = [arguments.migrate, "plan", "--offline", "--no-cache"]
            commands = {
                "migrate plan, text": plan,
                "migrate plan, json": [*plan, "--format", "json"],
                "squawk, gcc": [arguments.squawk, "--reporter", "gcc", *paths],
                "squawk, json": [arguments.squawk, "--reporter", "json", *paths],
            }
            runs = {name: [] for name in commands}
            for _ in range(arguments.rounds):
                for name, command in commands.items():
                    runs[name].append(measure(command, folder, environment))
            print(f"{files} files, {sum((folder / path).stat().st_size for path in paths) / 1e6:.1f} MB, {arguments.rounds} runs each")
            for name, figures in runs.items():
                cpu, wall, peak, size = (statistics.median(column) for column in zip(*figures))
                noise = (max(f[0] for f in figures) - min(f[0] for f in figures)) / cpu
                print(f"  {name:20} {cpu:6.2f} CPU s (spread {noise:4.0%})  {wall:6.2f} s  {peak:6.0f} MiB at most  {size / 1e6:6.1f} MB written")
                medians[files, name] = cpu, peak
            for form, other in (("text", "gcc"), ("json", "json")):
                ours, theirs = medians[files, f"migrate plan, {form}"], medians[files, f"squawk, {other}"]
                print(f"  {form} : {other}  CPU {ours[0] / theirs[0]:.2f}  memory {ours[1] / theirs[1]:.2f}")
        for form in ("text", "json"):
            name = f"migrate plan, {form}"
            ratio = medians[arguments.files * 2, name][0] / medians[arguments.files, name][0]
            print(f"twice the files take {ratio:.2f} times the CPU time ({form})")
        warm(scratch / str(arguments.files), arguments, environment)


def warm(folder, arguments, environment):
    """One new file on top of the history, which a baseline says is old, with a cache that an earlier run filled."""
    last = max(path.stem for path in (folder / "migrations").glob("*.sql"))
    with (folder / "migrate.toml").open("a") as project:
        project.write(f'baseline = "{last}"\n')
    plan = [arguments.migrate, "plan", "--offline"]
    cold = measure([*plan, "--no-cache"], folder, environment)
    time.sleep(1.1)  # files that are younger than the cache's clock are not trusted by their dates
    measure(plan, folder, environment)
    (folder / "migrations" / f"{int(last.split('_')[0]) + 1:08}_new.sql").write_text(NEW)
    figures = [measure(plan, folder, environment) for _ in range(arguments.rounds)]
    cpu, wall, peak, _ = (statistics.median(column) for column in zip(*figures))
    print(f"one new file on top of {arguments.files}: {cpu * 1000:.0f} ms CPU, {wall * 1000:.0f} ms, {peak:.0f} MiB; without cache {cold[0] * 1000:.0f} ms CPU")


if __name__ == "__main__":
    main()
