-- The tool's own tables, format 2. Run in one transaction; every statement may run again, also over tables of format 1.
CREATE SCHEMA IF NOT EXISTS concertina;

CREATE TABLE IF NOT EXISTS concertina.ledger (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),
    format      integer     NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS concertina.script (
    run         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration   text        NOT NULL,
    phase       text        NOT NULL CHECK (phase IN ('expand', 'backfill', 'contract')),
    digest      text        NOT NULL,
    source      text        NOT NULL,
    status      text        NOT NULL CHECK (status IN ('running', 'done', 'rolled-back')),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    actor       text        NOT NULL,
    evidence    text
);
CREATE UNIQUE INDEX IF NOT EXISTS script_standing ON concertina.script (migration, phase) WHERE status <> 'rolled-back';

CREATE TABLE IF NOT EXISTS concertina.journal (
    migration   text        NOT NULL,
    phase       text        NOT NULL,
    step        integer     NOT NULL,
    digest      text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('intended', 'done', 'failed')),
    code        text,
    message     text,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (migration, phase, step)
);

CREATE TABLE IF NOT EXISTS concertina.job (
    migration      text        NOT NULL,
    phase          text        NOT NULL,
    step           integer     NOT NULL,
    digest         text        NOT NULL,
    cursor         text,
    upper          text,
    rows_changed   bigint      NOT NULL DEFAULT 0,
    rows_walked    bigint      NOT NULL DEFAULT 0,
    rows_estimated bigint,
    chunks         bigint      NOT NULL DEFAULT 0,
    done           boolean     NOT NULL DEFAULT false,
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (migration, phase, step)
) WITH (fillfactor = 50);

-- How a job is cut now. A round is one walk along the whole table: numbers of its ranges are never used again.
CREATE TABLE IF NOT EXISTS concertina.backfill (
    migration    text        NOT NULL,
    phase        text        NOT NULL,
    step         integer     NOT NULL,
    round        integer     NOT NULL DEFAULT 0,
    next_range   integer     NOT NULL DEFAULT 0,
    chunking     text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (migration, phase, step)
);

-- A part of a job that one worker holds at a time: behind lo up to hi, handled up to position. The session is that of
-- the worker: when it does not exist any more, its process is gone.
CREATE TABLE IF NOT EXISTS concertina.backfill_range (
    migration     text        NOT NULL,
    phase         text        NOT NULL,
    step          integer     NOT NULL,
    number        integer     NOT NULL,
    relation      text,
    lo            text,
    hi            text        NOT NULL,
    position      text,
    state         text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
    rows_changed  bigint      NOT NULL DEFAULT 0,
    rows_walked   bigint      NOT NULL DEFAULT 0,
    chunks        bigint      NOT NULL DEFAULT 0,
    owner         text,
    token         bigint      NOT NULL DEFAULT 0,
    lease_until   timestamptz,
    session_pid   integer,
    session_start timestamptz,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (migration, phase, step, number)
) WITH (fillfactor = 50);

-- Rows that a job could not change, by their key; the error without the row's values.
CREATE TABLE IF NOT EXISTS concertina.poison (
    migration   text        NOT NULL,
    phase       text        NOT NULL,
    step        integer     NOT NULL,
    key         text        NOT NULL,
    relation    text,
    code        text        NOT NULL,
    message     text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (migration, phase, step, key)
);

-- What somebody asked of the backfills of a migration; read before every chunk.
CREATE TABLE IF NOT EXISTS concertina.backfill_control (
    migration   text        PRIMARY KEY,
    wish        text        NOT NULL CHECK (wish IN ('run', 'pause', 'cancel')),
    pace        text,
    reason      text,
    actor       text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What each worker of a backfill said of itself last, as JSON.
CREATE TABLE IF NOT EXISTS concertina.backfill_pulse (
    migration   text        NOT NULL,
    phase       text        NOT NULL,
    step        integer     NOT NULL,
    worker      text        NOT NULL,
    document    text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (migration, phase, step, worker)
) WITH (fillfactor = 50);

-- How long work on the rows of a table took: the last of each kind, while nobody stood in its way.
CREATE TABLE IF NOT EXISTS concertina.timing (
    work        text        NOT NULL CHECK (work IN ('scan', 'index-build', 'rewrite')),
    schema      text        NOT NULL,
    relation    text        NOT NULL,
    bytes       bigint      NOT NULL,
    millis      bigint      NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (work, schema, relation)
);

CREATE TABLE IF NOT EXISTS concertina.manifest (
    id          text        PRIMARY KEY,
    scripts     text        NOT NULL
);

CREATE TABLE IF NOT EXISTS concertina.marker (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service     text        NOT NULL,
    version     text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('started', 'deployed', 'rolled-back', 'retired')),
    manifest    text        REFERENCES concertina.manifest (id),
    ready_for   text        NOT NULL DEFAULT '[]',
    actor       text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    commit      text,
    url         text
);
CREATE INDEX IF NOT EXISTS marker_by_service ON concertina.marker (service, number);

-- What a marker says beside: which environment, and a number that grows with each build.
CREATE TABLE IF NOT EXISTS concertina.marker_detail (
    number      bigint      PRIMARY KEY REFERENCES concertina.marker (number),
    environment text,
    position    bigint
);

CREATE TABLE IF NOT EXISTS concertina.instance (
    id          text        PRIMARY KEY,
    service     text        NOT NULL,
    version     text        NOT NULL,
    manifest    text        NOT NULL REFERENCES concertina.manifest (id),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ttl_seconds integer     NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS concertina.gate_override (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration   text        NOT NULL,
    condition   text        NOT NULL,
    reason      text        NOT NULL,
    actor       text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS concertina.approval (
    number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration   text        NOT NULL,
    digest      text        NOT NULL,
    reason      text        NOT NULL,
    actor       text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row for ever. The sessions are those of the holder: when neither exists any more, its process is gone.
CREATE TABLE IF NOT EXISTS concertina.lease (
    one           boolean     PRIMARY KEY DEFAULT true CHECK (one),
    token         bigint      NOT NULL DEFAULT 0,
    holder        text,
    since         timestamptz,
    expires_at    timestamptz,
    worker_pid    integer,
    worker_start  timestamptz,
    keeper_pid    integer,
    keeper_start  timestamptz
) WITH (fillfactor = 50);

INSERT INTO concertina.lease DEFAULT VALUES ON CONFLICT DO NOTHING;
INSERT INTO concertina.ledger AS found (format) VALUES (2)
    ON CONFLICT (one) DO UPDATE SET format = excluded.format WHERE found.format < excluded.format;
