#!/usr/bin/env python3
"""What pt-online-schema-change costs on MariaDB, and what the application feels of it: a peer's figures for the same kind of job.

    apt-get install mariadb-server percona-toolkit sysbench
    benches/online_alter_mariadb.py --rows 1000000

Starts a server of its own, makes the table of `online_backfill.py` and gives it a column `folded = lower(email)`: by the single UPDATE, by an ALTER
that copies the table, by pt-online-schema-change, and by this project's shape of batches along the key as plain SQL. Alone, and beside an
application of point reads and writes at a fixed rate. Every figure is a ratio to the single UPDATE or to the same application without the job.
"""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TABLE = """CREATE TABLE accounts (id BIGINT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(80) NOT NULL, created DATETIME NOT NULL, padding VARCHAR(80) NOT NULL,
folded VARCHAR(80), KEY accounts_email (email), KEY accounts_created (created)) ENGINE = InnoDB;
INSERT INTO accounts (id, email, created, padding) SELECT seq, CONCAT('User', seq, '@Example.com'), '2026-01-01' + INTERVAL seq SECOND, REPEAT('x', 60) FROM seq_1_to_{rows};
ANALYZE TABLE accounts;"""
SINGLE = "UPDATE accounts SET folded = LOWER(email) WHERE folded IS NULL"
COPY = "ALTER TABLE accounts ADD COLUMN stored VARCHAR(80) GENERATED ALWAYS AS (LOWER(email)) STORED, ALGORITHM = COPY"
BATCHES = """CREATE PROCEDURE fill() BEGIN DECLARE low, high BIGINT DEFAULT 0; SET low = 0; REPEAT
  SET high = NULL; SELECT MAX(id) INTO high FROM (SELECT id FROM accounts WHERE id > low ORDER BY id LIMIT 2000) AS batch;
  IF high IS NOT NULL THEN UPDATE accounts SET folded = LOWER(email) WHERE id > low AND id <= high AND folded IS NULL; SET low = high; DO SLEEP({pause}); END IF;
UNTIL high IS NULL END REPEAT; END"""
# Six reads, three updates and an insert of ten.
LOAD = """function thread_init() con = sysbench.sql.driver():connect() end
function event()
  local id, pick = sysbench.rand.uniform(1, ROWS), sysbench.rand.uniform(1, 10)
  if pick <= 6 then con:query("SELECT email FROM accounts WHERE id = " .. id)
  elseif pick <= 9 then con:query("UPDATE accounts SET padding = REPEAT('y', 60) WHERE id = " .. id)
  else con:query("INSERT INTO accounts (email, created, padding) VALUES ('New" .. id .. "@Example.com', NOW(), REPEAT('z', 60))") end
end
"""


class Server:
    """A server in a scratch folder."""

    def __init__(self, folder):
        self.folder = folder
        shutil.chown(folder, "mysql") if os.getuid() == 0 else None
        user = ["runuser", "-u", "mysql", "--"] if os.getuid() == 0 else []
        data, self.socket = folder / "data", folder / "s.sock"
        subprocess.run([*user, "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"], check=True, capture_output=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([*user, "mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1",
                                         "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G", "--innodb-flush-log-at-trx-commit=2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            if subprocess.run(self.client("mysql") + ["-e", "SELECT 1"], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        self.version = self.ask("SELECT VERSION()", "mysql")

    def client(self, database):
        return ["mariadb", "--no-defaults", "-NB", f"--socket={self.socket}", "-uroot", database]

    def ask(self, sql, database):
        return subprocess.run([*self.client(database), "-e", sql], check=True, capture_output=True, text=True).stdout.strip()

    def status(self, name):
        return int(self.ask(f"SHOW GLOBAL STATUS LIKE '{name}'", "mysql").split("\t")[1])

    def seconds(self):
        child = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        fields = pathlib.Path(f"/proc/{(child or [self.process.pid])[0]}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def size(self, database):
        space = f"SELECT SUM(file_size) FROM information_schema.innodb_sys_tablespaces WHERE name = '{database}/accounts'"
        return int(self.ask(space, "mysql"))

    def stop(self):
        self.ask("SHUTDOWN", "mysql")
        self.process.wait()


class Load:
    """sysbench at a fixed rate; latencies count from when the transaction should have begun."""

    def __init__(self, server, database, options, folder):
        script = folder / "load.lua"
        script.write_text(LOAD.replace("ROWS", str(options.rows)))
        self.log = folder / "load.log"
        command = ["sysbench", str(script), f"--mysql-socket={server.socket}", "--mysql-user=root", f"--mysql-db={database}", "--threads=8", f"--rate={options.tps}", "--time=36000",
                   "--events=0", "--report-interval=1", "--percentile=99", "run"]
        self.process = subprocess.Popen(command, stdout=self.log.open("w"), stderr=subprocess.STDOUT)

    def seconds(self):
        """Transactions and p99 in milliseconds of each second so far."""
        found = []
        for line in self.log.read_text().splitlines():
            if line.startswith("[ ") and "lat (ms,99%)" in line:
                found.append((float(line.split("tps: ")[1].split()[0]), float(line.split("lat (ms,99%): ")[1].split()[0])))
        return found

    def stop(self):
        self.process.kill()
        self.process.wait()


def jobs(server, database, options, pause):
    """The ways to do it; each returns nothing and ends when the column is filled."""
    toolkit = ["pt-online-schema-change", "--execute", "--alter", "ADD COLUMN stored VARCHAR(80) AS (LOWER(email)) STORED", "--no-version-check", "--no-check-alter",
               f"D={database},t=accounts,S={server.socket},u=root"]

    def batches():
        server.ask("DROP PROCEDURE IF EXISTS fill", database)
        subprocess.run(server.client(database) + ["-e", f"DELIMITER //\n{BATCHES.format(pause=pause)}//"], check=True, capture_output=True)
        server.ask("CALL fill()", database)

    def run_toolkit():
        done = subprocess.run(toolkit, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)

    return {
        "single UPDATE": lambda: server.ask(SINGLE, database),
        "ALTER that copies": lambda: server.ask(COPY, database),
        "pt-online-schema-change": run_toolkit,
        "batches along the key": batches,
    }


def measure(server, database, rows, work):
    size, cpu, begun = server.size(database), server.seconds(), time.monotonic()
    writes = ("Handler_write", "Handler_update")
    before = sum(server.status(name) for name in writes)
    work()
    wall = time.monotonic() - begun
    return {"rate": rows / wall, "wall": wall, "per_cpu": rows / max(server.seconds() - cpu, 0.01), "writes": (sum(server.status(name) for name in writes) - before) / rows,
            "size": server.size(database) / size}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--tps", type=int, default=1500)
    parser.add_argument("--idle", type=int, default=10, help="seconds of the application alone")
    parser.add_argument("--scratch", default="/tmp")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="online-alter", dir=options.scratch))
    folder.chmod(0o755)
    server = Server(folder)
    try:
        print(f"MariaDB {server.version}, {options.rows} rows, {os.cpu_count()} processors", flush=True)

        def fresh():
            server.ask("DROP DATABASE IF EXISTS shop; CREATE DATABASE shop", "mysql")
            server.ask(TABLE.format(rows=options.rows), "shop")

        labels = list(jobs(server, "shop", options, 0))
        print("\n| way | rows/s | ÷ single | rows per CPU s ÷ | writes per row | file × |\n|---|---|---|---|---|---|")
        single = None
        for label in labels:
            fresh()
            found = measure(server, "shop", options.rows, jobs(server, "shop", options, 0)[label])
            single = single or found
            print(f"| {label} | {found['rate']:.0f} | {found['rate'] / single['rate']:.2f} | {found['per_cpu'] / single['per_cpu']:.2f} | {found['writes']:.2f} | {found['size']:.2f} |", flush=True)
        print(f"\nBeside an application of {options.tps} transactions a second\n\n| way | rows/s | p99 of a second idle: median, worst | during: median, worst | tps ÷ idle | lowest second |\n|---|---|---|---|---|---|")
        for label in labels:
            fresh()
            load = Load(server, "shop", options, folder)
            time.sleep(options.idle + 2)
            idle = load.seconds()[2:]
            start = len(load.seconds())
            found = measure(server, "shop", options.rows, jobs(server, "shop", options, 0.02)[label])
            time.sleep(1)
            busy = load.seconds()[start:]
            load.stop()
            p99 = lambda seconds: (sorted(value for _, value in seconds)[len(seconds) // 2], max(value for _, value in seconds))
            tps = lambda seconds: sum(count for count, _ in seconds) / len(seconds)
            print(f"| {label} | {found['rate']:.0f} | {p99(idle)[0]:.1f}, {p99(idle)[1]:.1f} | {p99(busy)[0]:.1f}, {p99(busy)[1]:.1f} | {tps(busy) / tps(idle):.3f} | {min(count for count, _ in busy):.0f} |", flush=True)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
