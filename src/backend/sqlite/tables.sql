-- The tool's own tables, format 2. Run in one transaction; every statement may run again, also over tables of format 1.
CREATE TABLE IF NOT EXISTS concertina_ledger (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    format      INTEGER NOT NULL,
    created_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE IF NOT EXISTS concertina_script (
    run         INTEGER PRIMARY KEY,
    migration   TEXT    NOT NULL,
    phase       TEXT    NOT NULL CHECK (phase IN ('expand', 'backfill', 'contract')),
    digest      TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('running', 'done', 'rolled-back')),
    started_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    finished_at TEXT,
    actor       TEXT    NOT NULL,
    evidence    TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS concertina_script_standing ON concertina_script (migration, phase)
    WHERE status <> 'rolled-back';

CREATE TABLE IF NOT EXISTS concertina_journal (
    migration   TEXT    NOT NULL,
    phase       TEXT    NOT NULL,
    step        INTEGER NOT NULL,
    digest      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('intended', 'done', 'failed')),
    code        TEXT,
    message     TEXT,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (migration, phase, step)
);

CREATE TABLE IF NOT EXISTS concertina_job (
    migration      TEXT    NOT NULL,
    phase          TEXT    NOT NULL,
    step           INTEGER NOT NULL,
    digest         TEXT    NOT NULL,
    cursor         TEXT,
    upper          TEXT,
    rows_changed   INTEGER NOT NULL DEFAULT 0,
    rows_walked    INTEGER NOT NULL DEFAULT 0,
    rows_estimated INTEGER,
    chunks         INTEGER NOT NULL DEFAULT 0,
    done           INTEGER NOT NULL DEFAULT 0,
    at             TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (migration, phase, step)
);

-- How a job is cut now. A round is one walk along the whole table: numbers of its ranges are never used again.
CREATE TABLE IF NOT EXISTS concertina_backfill (
    migration   TEXT    NOT NULL,
    phase       TEXT    NOT NULL,
    step        INTEGER NOT NULL,
    round       INTEGER NOT NULL DEFAULT 0,
    next_range  INTEGER NOT NULL DEFAULT 0,
    chunking    TEXT    NOT NULL,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (migration, phase, step)
);

-- A part of a job that one worker holds at a time: behind lo up to hi, handled up to position.
CREATE TABLE IF NOT EXISTS concertina_backfill_range (
    migration    TEXT    NOT NULL,
    phase        TEXT    NOT NULL,
    step         INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    relation     TEXT,
    lo           TEXT,
    hi           TEXT    NOT NULL,
    position     TEXT,
    state        TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
    rows_changed INTEGER NOT NULL DEFAULT 0,
    rows_walked  INTEGER NOT NULL DEFAULT 0,
    chunks       INTEGER NOT NULL DEFAULT 0,
    owner        TEXT,
    token        INTEGER NOT NULL DEFAULT 0,
    at           TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (migration, phase, step, number)
);

-- Rows that a job could not change, by their key; the error without the row's values.
CREATE TABLE IF NOT EXISTS concertina_poison (
    migration   TEXT    NOT NULL,
    phase       TEXT    NOT NULL,
    step        INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    relation    TEXT,
    code        TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (migration, phase, step, key)
);

-- What somebody asked of the backfills of a migration; read before every chunk.
CREATE TABLE IF NOT EXISTS concertina_backfill_control (
    migration   TEXT    PRIMARY KEY,
    wish        TEXT    NOT NULL CHECK (wish IN ('run', 'pause', 'cancel')),
    pace        TEXT,
    reason      TEXT,
    actor       TEXT    NOT NULL,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- What each worker of a backfill said of itself last, as JSON.
CREATE TABLE IF NOT EXISTS concertina_backfill_pulse (
    migration   TEXT    NOT NULL,
    phase       TEXT    NOT NULL,
    step        INTEGER NOT NULL,
    worker      TEXT    NOT NULL,
    document    TEXT    NOT NULL,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (migration, phase, step, worker)
);

CREATE TABLE IF NOT EXISTS concertina_manifest (
    id          TEXT    PRIMARY KEY,
    scripts     TEXT    NOT NULL
);

CREATE TABLE IF NOT EXISTS concertina_marker (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    service     TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('started', 'deployed', 'rolled-back', 'retired')),
    manifest    TEXT,
    ready_for   TEXT    NOT NULL DEFAULT '[]',
    actor       TEXT    NOT NULL,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    "commit"    TEXT,
    url         TEXT
);
CREATE INDEX IF NOT EXISTS concertina_marker_by_service ON concertina_marker (service, number);

-- What a marker says beside: which environment, and a number that grows with each build.
CREATE TABLE IF NOT EXISTS concertina_marker_detail (
    number      INTEGER PRIMARY KEY,
    environment TEXT,
    position    INTEGER
);

CREATE TABLE IF NOT EXISTS concertina_instance (
    id          TEXT    PRIMARY KEY,
    service     TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    manifest    TEXT    NOT NULL,
    started_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    last_seen   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ttl_seconds INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS concertina_gate_override (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    migration   TEXT    NOT NULL,
    condition   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE IF NOT EXISTS concertina_approval (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    migration   TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    at          TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- One row for ever. host and witness: a file on that host which the holder's process keeps locked while it lives.
CREATE TABLE IF NOT EXISTS concertina_lease (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    token       INTEGER NOT NULL DEFAULT 0,
    holder      TEXT,
    since       TEXT,
    expires_at  TEXT,
    host        TEXT,
    witness     TEXT
);

INSERT OR IGNORE INTO concertina_lease (one) VALUES (1);
INSERT INTO concertina_ledger (one, format) VALUES (1, 2)
    ON CONFLICT (one) DO UPDATE SET format = excluded.format WHERE concertina_ledger.format < excluded.format;
