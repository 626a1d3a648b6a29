#!/usr/bin/env python3
"""What a backfill costs, and what the application feels of it: the command against its baselines, in the same run.

    cargo build --release
    benches/online_backfill.py --bins tests/servers/node_modules/pg18/native/bin

Starts a server of its own (PostgreSQL 15 or newer), makes a table of `--rows` rows of about 150 bytes with a primary key
and two secondary indexes, and fills a new column of a fresh, warm copy of it by each strategy. Every figure is a ratio
to the single UPDATE of the same round, or to the same application without a backfill; medians of `--rounds`.

Needs `psql` and `pgbench`. Uses nothing of this machine but a scratch folder; `--scratch` says where.
What else the machine does is printed beside each run: `others` is the share of the processors that was not ours.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
FILL = "UPDATE accounts SET folded = lower(email) WHERE folded IS NULL"
SETTINGS = {
    "shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "30min", "max_connections": "60",
    "autovacuum_naptime": "1h", "listen_addresses": "127.0.0.1", "shared_preload_libraries": "pg_stat_statements",
    "track_io_timing": "off", "jit": "off",
}
EXPAND = """CREATE TABLE accounts (id bigint PRIMARY KEY, email text NOT NULL, created timestamptz NOT NULL, padding text NOT NULL){storage};
CREATE INDEX accounts_email ON accounts (email);
CREATE INDEX accounts_created ON accounts (created);
CREATE SEQUENCE accounts_new;
CREATE TABLE elsewhere (id integer);
"""
# Without the trigger, rows that the application inserts meanwhile would never be filled: it belongs to every honest run.
ADD = """ALTER TABLE accounts ADD COLUMN folded text;
CREATE FUNCTION accounts_fold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.folded := lower(NEW.email); RETURN NEW; END $$;
CREATE TRIGGER accounts_fold BEFORE INSERT OR UPDATE ON accounts FOR EACH ROW WHEN (NEW.folded IS NULL) EXECUTE FUNCTION accounts_fold();
"""
ROWS = """INSERT INTO accounts SELECT i, 'User' || i || '@Example.com', timestamptz '2026-01-01' + i * interval '1 second', repeat('x', 60)
FROM generate_series(1, {rows}) AS i; SELECT setval('accounts_new', {rows} + 1);"""
READ = "\\set id random(1, :rows)\nSELECT email FROM accounts WHERE id = :id;\n"
WRITE = "\\set id random(1, :rows)\nUPDATE accounts SET padding = repeat('y', 60) WHERE id = :id;\n"
INSERT = "INSERT INTO accounts (id, email, created, padding) SELECT n, 'New' || n || '@Example.com', now(), repeat('z', 60) FROM nextval('accounts_new') AS n;\n"

# How other tools ask for the next rows, without their round trips: the loop runs inside the server.
RESHAPE = """DO $$ DECLARE place bigint := 0; BEGIN LOOP
  WITH rows AS (SELECT id FROM accounts WHERE id > place ORDER BY id LIMIT 1000),
       changed AS (UPDATE accounts SET folded = lower(email) FROM rows WHERE accounts.id = rows.id RETURNING accounts.id)
  SELECT last_value(id) OVER () INTO place FROM changed LIMIT 1;
  EXIT WHEN place IS NULL; COMMIT; END LOOP; END $$"""
ONLINE_MIGRATIONS = """DO $$ DECLARE low bigint; high bigint; BEGIN SELECT min(id) INTO low FROM accounts; LOOP
  SELECT id INTO high FROM accounts WHERE id >= low ORDER BY id LIMIT 1 OFFSET 1000;
  IF high IS NULL THEN UPDATE accounts SET folded = lower(email) WHERE id >= low AND folded IS NULL; EXIT; END IF;
  UPDATE accounts SET folded = lower(email) WHERE id >= low AND id < high AND folded IS NULL;
  COMMIT; PERFORM pg_sleep({pause}); low := high; END LOOP; END $$"""


class Server:
    """A cluster in a scratch folder."""

    def __init__(self, bins, folder):
        self.bins, self.folder = pathlib.Path(bins).resolve(), folder
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.run("initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8")
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self.run("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o", f"-p {self.port} -k {folder} {options}", "start")
        self.pid = int((folder / "data/postmaster.pid").read_text().split()[0])
        self.version = self.ask("SHOW server_version", "postgres")

    def run(self, program, *arguments):
        command = [*self.user, str(self.bins / program), *map(str, arguments)]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"{program} failed: {' '.join(command)}\n{(self.folder / 'log').read_text() if (self.folder / 'log').exists() else ''}")

    def client(self, database):
        return ["psql", "-XqAtv", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]

    def ask(self, sql, database):
        return subprocess.run([*self.client(database), "-c", sql], check=True, capture_output=True, text=True).stdout.strip()

    def script(self, sql, database):
        subprocess.run([*self.client(database), "-f", "-"], input=sql, check=True, capture_output=True, text=True)

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def seconds(self):
        """Processor time of every process of the server, those that ended included."""
        own = stat(self.pid)
        total = sum(own[11:15])
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for child in children:
            try:
                total += sum(stat(child)[11:13])
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total / TICKS

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")


def prefer(nice):
    """This priority for everything started from here, also where the kernel weighs sessions before processes."""
    if nice:
        os.setsid() if os.getpgrp() != os.getpid() else None
        os.nice(nice)
        group = pathlib.Path("/proc/self/autogroup")
        if group.exists():
            group.write_text(str(nice))


def stat(pid):
    return [int(field) if field.lstrip("-").isdigit() else 0 for field in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()]


def processors():
    """Processor seconds of the whole machine that were not idle."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


class Project:
    """A migrations folder, with what one run adds to the settings."""

    def __init__(self, folder, migrate, storage):
        self.folder, self.migrate = folder, migrate
        self.write("migrations/0001_accounts/expand.sql", EXPAND.format(storage=storage))

    def write(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def settings(self, url, backfill):
        self.write("migrate.toml", f'dialect = "postgres"\nservices = ["app"]\n[database]\nurl = "{url}"\n[backfill]\n{backfill}\n')

    def start(self, *arguments, out=subprocess.DEVNULL):
        environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "MIGRATE_DATABASE_URL")}
        return subprocess.Popen([self.migrate, *arguments], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def apply(self, phase):
        process = self.start("apply", "--phase", phase, out=subprocess.PIPE)
        out = process.communicate()[0]
        if process.returncode:
            sys.exit(f"migrate apply --phase {phase} ended with {process.returncode}\n{out.decode()}")


class Load:
    """pgbench at a fixed rate; each latency counts from when the transaction should have begun."""

    def __init__(self, server, database, rows, tps, folder):
        self.server, self.database, self.tps = server, database, tps
        self.prefix = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "log"
        scripts = []
        for name, text, weight in (("read", READ, 6), ("write", WRITE, 3), ("insert", INSERT, 1)):
            file = self.prefix.parent / f"{name}.sql"
            file.write_text(text)
            scripts += ["-f", f"{file}@{weight}"]
        command = ["pgbench", "-n", "-M", "prepared", "-c", "8", "-j", "1", "-R", str(tps), "-T", "36000", "-l", f"--log-prefix={self.prefix}",
                   "-D", f"rows={rows}", *scripts, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", database]
        self.process = subprocess.Popen(command, cwd=self.prefix.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.marks = []

    def during(self, name, work):
        begun = time.time()
        result = work()
        self.marks.append((name, begun, time.time()))
        return result

    def finish(self):
        """Per mark: transactions a second and the distribution of latencies in milliseconds."""
        self.server.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pgbench'", "postgres")
        self.process.wait()
        ended = []
        for file in self.prefix.parent.glob("log.*"):
            for line in file.read_text().splitlines():
                fields = line.split()
                if len(fields) >= 6 and fields[2].isdigit():
                    ended.append((int(fields[4]) + int(fields[5]) / 1e6, int(fields[2]) / 1000))
        found = {}
        for name, begun, end in self.marks:
            # A transaction belongs to the time in which it should have begun: one that waited long ends after it.
            waits = sorted(ms for at, ms in ended if begun <= at - ms / 1000 < end)
            at = lambda share: waits[min(int(len(waits) * share), len(waits) - 1)] if waits else float("nan")
            done = sum(begun <= at_ < end for at_, _ in ended)
            found[name] = {"tps": done / (end - begun), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": at(1.0)}
        return found


class Bench:
    """The seed tables and what is measured of a run on a copy of one."""

    def __init__(self, options, server, folder):
        self.options, self.server, self.folder, self.seeds, self.number, self.process = options, server, folder, {}, 0, None

    def seed(self, rows, fillfactor):
        key = (rows, fillfactor)
        if key not in self.seeds:
            name = f"seed_{rows}_{fillfactor}"
            folder = self.folder / name
            storage = "" if fillfactor == 100 else f" WITH (fillfactor = {fillfactor})"
            self.server.ask(f"CREATE DATABASE {name}", "postgres")
            project = Project(folder, self.options.migrate, storage)
            project.settings(self.server.url(name), "")
            project.apply("expand")
            self.server.script(ROWS.format(rows=rows), name)
            project.write("migrations/0002_folded/expand.sql", ADD)
            project.apply("expand")
            project.write("migrations/0002_folded/backfill.sql", FILL + ";\n")
            self.server.script("VACUUM (FREEZE, ANALYZE) accounts; CREATE EXTENSION pg_prewarm; CREATE EXTENSION pg_stat_statements;", name)
            self.seeds[key] = (name, project)
        return self.seeds[key]

    def copy(self, rows, fillfactor, backfill):
        seed, project = self.seed(rows, fillfactor)
        self.number += 1
        name = f"run_{self.number}"
        self.server.ask(f"CREATE DATABASE {name} TEMPLATE {seed} STRATEGY file_copy", "postgres")
        project.settings(self.server.url(name), backfill)
        self.server.ask("SELECT sum(pg_prewarm(c.oid::regclass)) FROM pg_class c WHERE relname LIKE 'accounts%' AND relkind IN ('r', 'i')", name)
        self.server.ask("CHECKPOINT", name)
        return name, project

    def drop(self, name):
        self.server.ask(f"DROP DATABASE {name} WITH (FORCE)", "postgres")

    def sizes(self, name):
        rows = self.server.ask("SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relname IN ('accounts', 'accounts_pkey', 'accounts_email', 'accounts_created')", name)
        return {line.split("|")[0]: int(line.split("|")[1]) for line in rows.splitlines()}

    def wal(self):
        return int(self.server.ask("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')", "postgres"))

    def measure(self, name, rows, work):
        """Runs `work`, which returns the process that it waited for, or None."""
        sizes, wal = self.sizes(name), self.wal()
        ours, all_, begun = self.server.seconds(), processors(), time.monotonic()
        usage = work()
        wall = time.monotonic() - begun
        server, machine = self.server.seconds() - ours, processors() - all_
        grown = self.sizes(name)
        stats = self.server.ask("SELECT pg_stat_clear_snapshot(), n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'accounts'", name).split("|")
        filled = int(self.server.ask("SELECT count(*) FROM accounts WHERE folded IS NOT NULL", name))
        client = usage.ru_utime + usage.ru_stime if usage else 0.0
        return {
            "wall": wall, "rows": filled, "rate": filled / wall, "wal": (self.wal() - wal) / max(filled, 1), "cpu": server, "client_cpu": client,
            "memory": usage.ru_maxrss / 1024 if usage else 0.0, "per_cpu": filled / max(server + client, 0.01), "writes": int(stats[1]) / max(filled, 1),
            "hot": int(stats[2]) / max(int(stats[1]), 1), "table": grown["accounts"] / sizes["accounts"],
            **{index: grown[index] / sizes[index] for index in ("accounts_pkey", "accounts_email", "accounts_created")},
            "others": max(machine - server - client, 0.0) / (wall * os.cpu_count()),
        }

    def strategy(self, label, name, project):
        """What fills the table, as a function to run; it returns the usage of the command, where there is one."""
        queries = {"single": FILL, "reshape": RESHAPE, "online_migrations": ONLINE_MIGRATIONS.format(pause=0.05), "online_migrations without pause": ONLINE_MIGRATIONS.format(pause=0)}
        if label in queries:
            def query():
                self.server.ask(queries[label], name)
            return query
        arguments = self.options.strategies[label].get("arguments", [])

        def tool():
            self.process = process = project.start("apply", "--phase", "backfill", *arguments)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in (0, 75):
                sys.exit(f"{label}: migrate ended with {process.returncode}")
            return usage
        return tool

    def alone(self, label, rows, fillfactor=100, beside=None):
        backfill = self.options.strategies.get(label, {}).get("settings", "")
        name, project = self.copy(rows, fillfactor, backfill)
        holder = subprocess.Popen([*self.server.client(name)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) if beside else None
        if holder:
            holder.stdin.write(beside)
            holder.stdin.flush()
            time.sleep(0.3)
        try:
            return self.measure(name, rows, self.strategy(label, name, project))
        finally:
            if holder:
                holder.kill()
                holder.wait()
            self.drop(name)

    def beside_application(self, label, rows, fillfactor=100):
        backfill = self.options.strategies.get(label, {}).get("settings", "")
        name, project = self.copy(rows, fillfactor, backfill)
        load = Load(self.server, name, rows, self.options.tps, self.folder)
        time.sleep(3)
        load.during("idle", lambda: time.sleep(self.options.idle))
        if label == "single":
            def bounded():
                process = subprocess.Popen([*self.server.client(name), "-c", f"SET statement_timeout = '{self.options.patience}s'", "-c", FILL], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                process.wait()
            work = bounded
        else:
            inner = self.strategy(label, name, project)

            def work():
                # When the window is over, the command finishes its chunk and says where it is.
                signal.signal(signal.SIGALRM, lambda *_: self.process.terminate())
                signal.setitimer(signal.ITIMER_REAL, self.options.window)
                try:
                    return inner()
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
        figures = self.measure(name, rows, lambda: load.during("busy", work))
        found = load.finish()
        self.drop(name)
        return {**figures, "idle": found["idle"], "busy": found["busy"]}


COLUMNS = (("rows/s", "rate", ".0f"), ("÷ single", "ratio", ".2f"), ("rows/CPU s ÷", "cpu_ratio", ".2f"), ("WAL B/row", "wal", ".0f"), ("÷ single", "wal_ratio", ".2f"),
           ("table ×", "table", ".2f"), ("key ×", "accounts_pkey", ".2f"), ("email ×", "accounts_email", ".2f"), ("created ×", "accounts_created", ".2f"),
           ("HOT", "hot", ".0%"), ("writes/row", "writes", ".2f"), ("client CPU", "client_share", ".1%"), ("MiB", "memory", ".0f"), ("others", "others", ".0%"))


def table(title, rows):
    print(f"\n{title}\n")
    print("| strategy | " + " | ".join(head for head, _, _ in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for label, figures in rows:
        print(f"| {label} | " + " | ".join(format(figures[key], form) for _, key, form in COLUMNS) + " |", flush=True)


def median(runs, singles):
    """Medians, and of ratios the median of each round's ratio."""
    middle = {key: statistics.median(run[key] for run in runs) for key in runs[0] if not isinstance(runs[0][key], dict)}
    for name, key in (("ratio", "rate"), ("cpu_ratio", "per_cpu"), ("wal_ratio", "wal")):
        middle[name] = statistics.median(run[key] / single[key] for run, single in zip(runs, singles))
    middle["client_share"] = middle["client_cpu"] / max(middle["client_cpu"] + middle["cpu"], 0.01)
    return middle


def compare(bench, title, labels, rows, **how):
    rounds = []
    for _ in range(bench.options.rounds):
        rounds.append({label: bench.alone(label, rows, **how) for label in ["single", *labels]})
    singles = [round_["single"] for round_ in rounds]
    found = [(label, median([round_[label] for round_ in rounds], singles)) for label in ["single", *labels]]
    spread = max(run["per_cpu"] for run in singles) / min(run["per_cpu"] for run in singles) - 1
    table(f"{title} (the single UPDATE's own rows per CPU second spread by {spread:.0%} over {len(singles)} rounds)", found)
    return dict(found)


def beside(bench, labels, rows):
    print(f"\nBeside an application of {bench.options.tps} transactions a second on the same table\n")
    print("| strategy | rows/s | idle p50 / p99 / max ms | p50 / p99 / p99.9 / max ms | p50 ÷ | p99 ÷ | tps ÷ | others |")
    print("|---" * 8 + "|")
    found = {}
    for label in labels:
        figures = found[label] = bench.beside_application(label, rows)
        idle, busy = figures["idle"], figures["busy"]
        print(f"| {label} | {figures['rate']:.0f} | {idle['p50']:.2f} / {idle['p99']:.2f} / {idle['max']:.0f} | {busy['p50']:.2f} / {busy['p99']:.2f} / {busy['p999']:.1f} / {busy['max']:.0f} "
              f"| {busy['p50'] / idle['p50']:.2f} | {busy['p99'] / idle['p99']:.2f} | {busy['tps'] / idle['tps']:.3f} | {figures['others']:.0%} |", flush=True)
    return found


def flat(bench, label, rows):
    """Whether a row costs the same in a larger table, and memory stays what it is."""
    small, large = bench.alone(label, rows), bench.alone(label, rows * bench.options.larger)
    cost = small["per_cpu"] / large["per_cpu"]
    print(f"\n{label}, {rows} and {rows * bench.options.larger} rows: CPU per row × {cost:.2f}, memory of the command {small['memory']:.0f} and {large['memory']:.0f} MiB, WAL per row {small['wal']:.0f} and {large['wal']:.0f} B")
    return {"small": small, "large": large}


def bookkeeping(bench, label, rows):
    """What share of the server's time goes into the command's own tables."""
    name, project = bench.copy(rows, 100, bench.options.strategies[label].get("settings", ""))
    bench.server.ask("SELECT pg_stat_statements_reset()", name)
    bench.measure(name, rows, bench.strategy(label, name, project))
    sql = "SELECT coalesce(sum(total_exec_time) FILTER (WHERE query ILIKE '%concertina%'), 0) / sum(total_exec_time), sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()"
    share, calls = bench.server.ask(sql, name).split("|")
    bench.drop(name)
    print(f"\n{label}: {float(share):.1%} of the server's statement time is spent on the command's own tables ({calls} statements)")
    return {"share": float(share), "calls": int(calls)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bins", default=next((bins for bins in reversed(os.environ.get("MIGRATE_TEST_PG_BINS", "").split(":")) if bins), None), help="folder of postgres and initdb [default: the last of MIGRATE_TEST_PG_BINS]")
    parser.add_argument("--migrate", default=str(ROOT / "target/release/migrate"))
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strategy", action="append", metavar="LABEL|TOML|ARGUMENTS", help="settings of [backfill], and arguments of apply, as in 'two workers||--workers 2' [default: what the defaults do]")
    parser.add_argument("--scene", action="append", choices=["alone", "roomy", "horizon", "peers", "beside", "flat", "bookkeeping"], help="[default: all]")
    parser.add_argument("--tps", type=int, default=1500)
    parser.add_argument("--idle", type=float, default=15, help="seconds of the application alone")
    parser.add_argument("--window", type=float, default=60, help="seconds of a backfill beside the application at most")
    parser.add_argument("--patience", type=int, default=20, help="seconds until the single UPDATE beside the application is cancelled")
    parser.add_argument("--larger", type=int, default=10, help="how many times more rows the larger table of `flat` has")
    parser.add_argument("--scratch", default="/tmp")
    parser.add_argument("--nice", type=int, default=0, help="priority of everything that is measured: on a shared machine, -10 keeps others out of the figures")
    parser.add_argument("--json", help="a file for all figures")
    options = parser.parse_args()
    if not options.bins:
        parser.error("--bins or MIGRATE_TEST_PG_BINS says where PostgreSQL is")
    options.strategies = {}
    for given in options.strategy or ["full speed||--pace fast", "polite"]:
        label, settings, arguments = (given.split("|") + ["", ""])[:3]
        options.strategies[label] = {"settings": settings.replace("; ", "\n"), "arguments": arguments.split()}
    labels, scenes = list(options.strategies), options.scene or ["alone", "roomy", "horizon", "peers", "beside", "flat", "bookkeeping"]
    prefer(options.nice)
    # The server is stopped and the folder deleted, however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="online-backfill", dir=options.scratch))
    folder.chmod(0o755)
    server, figures = None, {}
    try:
        (folder / "server").mkdir()
        server = Server(options.bins, folder / "server")
        bench = Bench(options, server, folder)
        print(f"PostgreSQL {server.version}, {options.rows} rows, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
        if "alone" in scenes:
            figures["alone"] = compare(bench, "Alone", labels, options.rows)
        if "roomy" in scenes:
            figures["roomy"] = compare(bench, "Alone, fillfactor 70", labels, options.rows, fillfactor=70)
        if "horizon" in scenes:
            figures["horizon"] = compare(bench, "While a transaction elsewhere stays open", labels, options.rows, beside="BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM elsewhere;\n")
        if "peers" in scenes:
            figures["peers"] = compare(bench, "The queries of others", [*labels, "reshape", "online_migrations without pause", "online_migrations"], options.rows)
        if "beside" in scenes:
            figures["beside"] = beside(bench, [*labels, "single"], options.rows)
        if "flat" in scenes:
            figures["flat"] = {label: flat(bench, label, options.rows) for label in labels}
        if "bookkeeping" in scenes:
            figures["bookkeeping"] = {label: bookkeeping(bench, label, options.rows) for label in labels}
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"server": server.version, "rows": options.rows, "figures": figures}, indent=1))


if __name__ == "__main__":
    main()
