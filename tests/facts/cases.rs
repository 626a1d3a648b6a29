//! The statements by which PostgreSQL's facts are asked: what stands there, and what runs.

/// One question to a server.
pub(crate) struct Case {
    /// The schema and rows that the statement meets.
    pub(crate) given: &'static str,
    /// The statement.
    pub(crate) run: &'static str,
    /// The first major version that knows it.
    pub(crate) since: u16,
}

const fn case(given: &'static str, run: &'static str) -> Case {
    Case { given, run, since: 14 }
}

const fn since(since: u16, given: &'static str, run: &'static str) -> Case {
    Case { given, run, since }
}

/// A table with rows.
const T: &str = "CREATE TABLE t (id integer PRIMARY KEY, a integer, b text, v character varying(20)); \
    INSERT INTO t SELECT n, n, 'x', 'y' FROM generate_series(1, 20) n;";

/// A table without rows.
const EMPTY: &str = "CREATE TABLE t (id integer PRIMARY KEY, a integer);";

/// A table and one that references it.
const PAIR: &str = "CREATE TABLE p (id integer PRIMARY KEY, code integer UNIQUE); \
    CREATE TABLE c (id integer PRIMARY KEY, p_id integer, a integer); \
    INSERT INTO p SELECT n, n FROM generate_series(1, 20) n; INSERT INTO c SELECT n, n, n FROM generate_series(1, 20) n;";

const KEYED: &str = "CREATE TABLE p (id integer PRIMARY KEY, code integer UNIQUE); \
    CREATE TABLE c (id integer PRIMARY KEY, p_id integer CONSTRAINT c_p REFERENCES p, a integer); \
    INSERT INTO p SELECT n, n FROM generate_series(1, 20) n; INSERT INTO c SELECT n, n, n FROM generate_series(1, 20) n;";

/// A partitioned table with two partitions.
const PARTS: &str = "CREATE TABLE r (id integer NOT NULL, a integer) PARTITION BY RANGE (id); \
    CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (10); CREATE TABLE r2 PARTITION OF r FOR VALUES FROM (10) TO (100); \
    INSERT INTO r SELECT n, n FROM generate_series(1, 20) n;";

const PARTS_NULLABLE: &str = "CREATE TABLE r (id integer, a integer) PARTITION BY RANGE (id); \
    CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (10); INSERT INTO r SELECT n, n FROM generate_series(1, 9) n;";

const PARTS_DEFAULT: &str = "CREATE TABLE r (id integer NOT NULL, a integer) PARTITION BY RANGE (id); \
    CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (10); CREATE TABLE rd PARTITION OF r DEFAULT; \
    INSERT INTO r SELECT n, n FROM generate_series(1, 20) n;";

const PARTS_LOOSE: &str = "CREATE TABLE r (id integer NOT NULL, a integer) PARTITION BY RANGE (id); \
    CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (10); CREATE TABLE x (id integer NOT NULL, a integer); \
    INSERT INTO x SELECT n + 10, n FROM generate_series(1, 20) n;";

/// Tables whose CHECKs say more, the same or less than bounds do.
const BOUNDED: &str = "CREATE TABLE r (id integer) PARTITION BY RANGE (id); CREATE TABLE l (c text) PARTITION BY LIST (c); \
    CREATE TABLE d (at date NOT NULL) PARTITION BY RANGE (at); CREATE TABLE h (id integer) PARTITION BY HASH (id); \
    CREATE TABLE within (id integer, CHECK (id IS NOT NULL AND id >= 10 AND 100 > id)); INSERT INTO within VALUES (10); \
    CREATE TABLE between_two (id integer NOT NULL CHECK (id BETWEEN 10 AND 99)); INSERT INTO between_two VALUES (10); \
    CREATE TABLE loose (id integer, CHECK (id >= 10 AND id < 100)); INSERT INTO loose VALUES (10); \
    CREATE TABLE hoped (id integer NOT NULL); INSERT INTO hoped VALUES (10); ALTER TABLE hoped ADD CHECK (id >= 10 AND id < 100) NOT VALID; \
    CREATE TABLE two (c text NOT NULL CHECK (c IN ('a', 'b'))); INSERT INTO two VALUES ('a'); \
    CREATE TABLE one (c text NOT NULL CHECK (c = 'a')); INSERT INTO one VALUES ('a'); \
    CREATE TABLE day (at date NOT NULL CHECK (at >= '2026-01-01'::date AND at < DATE '2026-07-01')); INSERT INTO day VALUES ('2026-02-01'); \
    CREATE TABLE x (id integer NOT NULL CHECK (id > 0)); INSERT INTO x VALUES (1);";

/// DEFAULT partitions whose CHECKs keep rows out.
const OUTSIDE: &str = "CREATE TABLE r (id integer NOT NULL) PARTITION BY RANGE (id); CREATE TABLE rd PARTITION OF r (CHECK (NOT (id >= 10 AND id < 100))) DEFAULT; \
    CREATE TABLE x (id integer NOT NULL CHECK (id >= 20 AND id < 30)); INSERT INTO r VALUES (1), (1000); \
    CREATE TABLE n (id integer) PARTITION BY RANGE (id); CREATE TABLE nd PARTITION OF n (CHECK (id IS NULL OR id < 10 OR id >= 100)) DEFAULT; \
    CREATE TABLE y (id integer); INSERT INTO n VALUES (NULL), (5); \
    CREATE TABLE l (c text NOT NULL) PARTITION BY LIST (c); CREATE TABLE ld PARTITION OF l (CHECK (c NOT IN ('a', 'b'))) DEFAULT; \
    CREATE TABLE z (c text NOT NULL CHECK (c = 'a')); INSERT INTO l VALUES ('x');";

/// DEFAULT partitions whose CHECKs keep single values out.
const UNLIKE: &str = "CREATE TABLE one (c text NOT NULL) PARTITION BY LIST (c); CREATE TABLE one_d PARTITION OF one (CHECK (c <> 'a')) DEFAULT; \
    CREATE TABLE two (c text NOT NULL) PARTITION BY LIST (c); CREATE TABLE two_d PARTITION OF two (CHECK ('a' <> c), CHECK (c <> 'b')) DEFAULT; \
    CREATE TABLE distinct_from (c text NOT NULL) PARTITION BY LIST (c); \
    CREATE TABLE distinct_d PARTITION OF distinct_from (CHECK (c IS DISTINCT FROM 'a')) DEFAULT; \
    CREATE TABLE x (c text NOT NULL CHECK (c = 'a')); INSERT INTO one VALUES ('x'); INSERT INTO two VALUES ('x'); INSERT INTO distinct_from VALUES ('x');";

/// Columns on which an index, an expression, a predicate, a CHECK or a key stands.
const HUNG: &str = "CREATE TABLE t (id numeric(10,2) PRIMARY KEY, code varchar(9) UNIQUE, plain varchar(9), indexed varchar(9), shaped varchar(9), partly varchar(9), \
      checked varchar(9) CHECK (length(checked) > 0)); \
    CREATE INDEX i1 ON t (indexed); CREATE INDEX i2 ON t (lower(shaped)); CREATE INDEX i3 ON t (id) WHERE partly = 'x'; \
    CREATE TABLE c (id integer, t_id numeric(10,2) REFERENCES t, code varchar(9) REFERENCES t (code)); \
    INSERT INTO t SELECT n, n, 'x', 'x', 'x', 'x', 'x' FROM generate_series(1, 20) n; INSERT INTO c SELECT n, n, n FROM generate_series(1, 20) n;";

const VIEW: &str = "CREATE TABLE t (id integer PRIMARY KEY, a integer); CREATE VIEW w AS SELECT id FROM t;";

const MATVIEW: &str = "CREATE TABLE t (id integer PRIMARY KEY, a integer); INSERT INTO t VALUES (1, 1); \
    CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE UNIQUE INDEX m_id ON m (id);";

const DOMAIN: &str = "CREATE DOMAIN positive AS integer CHECK (VALUE > 0); CREATE DOMAIN plain AS integer; \
    CREATE TABLE t (id integer PRIMARY KEY, a integer, n plain); INSERT INTO t SELECT n, n, n FROM generate_series(1, 20) n;";

const TRIGGERED: &str = "CREATE TABLE t (id integer PRIMARY KEY, a integer); \
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; \
    CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();";

/// Every question that can be asked inside a transaction, and those that the server refuses there.
pub(crate) const CASES: &[Case] = &[
    // New tables.
    case(T, "CREATE TABLE n (id integer PRIMARY KEY)"),
    case(PAIR, "CREATE TABLE n (id integer PRIMARY KEY, p_id integer REFERENCES p)"),
    case(T, "CREATE TABLE IF NOT EXISTS t (id integer)"),
    case(PARTS, "CREATE TABLE r3 PARTITION OF r FOR VALUES FROM (100) TO (200)"),
    case(PARTS_DEFAULT, "CREATE TABLE r3 PARTITION OF r FOR VALUES FROM (100) TO (200)"),
    case(T, "CREATE TABLE n () INHERITS (t)"),
    case(T, "CREATE TABLE n (LIKE t INCLUDING ALL)"),
    case(T, "CREATE TABLE n AS SELECT * FROM t"),
    // Tables that go or move.
    case(T, "DROP TABLE t"),
    case(T, "DROP TABLE IF EXISTS nothing"),
    case(KEYED, "DROP TABLE c"),
    case(KEYED, "DROP TABLE p CASCADE"),
    case(VIEW, "DROP TABLE t CASCADE"),
    case(PARTS, "DROP TABLE r1"),
    case(PARTS_DEFAULT, "DROP TABLE r1"),
    case(PARTS, "DROP TABLE r"),
    case(T, "ALTER TABLE t RENAME TO u"),
    case(KEYED, "ALTER TABLE p RENAME TO u"),
    case("CREATE SCHEMA app; CREATE TABLE t (id integer PRIMARY KEY);", "ALTER TABLE t SET SCHEMA app"),
    // New columns.
    case(T, "ALTER TABLE t ADD COLUMN n integer"),
    case(T, "ALTER TABLE t ADD COLUMN IF NOT EXISTS a integer"),
    case(T, "ALTER TABLE t ADD COLUMN n integer DEFAULT 0"),
    case(T, "ALTER TABLE t ADD COLUMN n integer NOT NULL DEFAULT 0"),
    case(EMPTY, "ALTER TABLE t ADD COLUMN n integer NOT NULL"),
    case(T, "ALTER TABLE t ADD COLUMN n timestamp with time zone DEFAULT now()"),
    case(T, "ALTER TABLE t ADD COLUMN n timestamp with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP"),
    case(T, "ALTER TABLE t ADD COLUMN n timestamp with time zone DEFAULT now() + interval '1 day'"),
    case(T, "ALTER TABLE t ADD COLUMN n timestamp without time zone DEFAULT timezone('utc', now())"),
    case(T, "ALTER TABLE t ADD COLUMN n date DEFAULT CURRENT_DATE"),
    case(T, "ALTER TABLE t ADD COLUMN n text DEFAULT md5('x')"),
    case(T, "ALTER TABLE t ADD COLUMN n jsonb DEFAULT '{}'::jsonb"),
    case(T, "ALTER TABLE t ADD COLUMN n text[] DEFAULT ARRAY[]::text[]"),
    case(T, "ALTER TABLE t ADD COLUMN n timestamp with time zone DEFAULT clock_timestamp()"),
    case(T, "ALTER TABLE t ADD COLUMN n double precision DEFAULT random()"),
    case(T, "ALTER TABLE t ADD COLUMN n uuid DEFAULT gen_random_uuid()"),
    case(
        "CREATE SEQUENCE s; CREATE TABLE t (id integer); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN n bigint DEFAULT nextval('s')",
    ),
    case(
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql STABLE AS $$ SELECT 1 $$; CREATE TABLE t (id integer); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN n integer DEFAULT f()",
    ),
    case(
        "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$; CREATE TABLE t (id integer); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN n integer DEFAULT f()",
    ),
    case(T, "ALTER TABLE t ADD COLUMN n serial"),
    case(T, "ALTER TABLE t ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY"),
    case(T, "ALTER TABLE t ADD COLUMN n integer GENERATED ALWAYS AS (a * 2) STORED"),
    since(18, T, "ALTER TABLE t ADD COLUMN n integer GENERATED ALWAYS AS (a * 2) VIRTUAL"),
    case(DOMAIN, "ALTER TABLE t ADD COLUMN q positive"),
    case(DOMAIN, "ALTER TABLE t ADD COLUMN q positive DEFAULT 1"),
    case(DOMAIN, "ALTER TABLE t ADD COLUMN q plain"),
    case(DOMAIN, "ALTER TABLE t ADD COLUMN q plain DEFAULT 1"),
    case(
        "CREATE DOMAIN stamped AS timestamp with time zone DEFAULT clock_timestamp(); CREATE TABLE t (id integer); INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN n stamped",
    ),
    case(T, "ALTER TABLE t ADD COLUMN n integer CHECK (n > 0)"),
    case(T, "ALTER TABLE t ADD COLUMN n integer UNIQUE"),
    case("CREATE TABLE t (a integer);", "ALTER TABLE t ADD COLUMN n integer PRIMARY KEY"),
    case(PAIR, "ALTER TABLE c ADD COLUMN n integer REFERENCES p"),
    case(PAIR, "ALTER TABLE c ADD COLUMN n integer DEFAULT 1 REFERENCES p"),
    case(PARTS, "ALTER TABLE r ADD COLUMN n integer"),
    case(PARTS, "ALTER TABLE r ADD COLUMN n double precision DEFAULT random()"),
    // Columns that go or change.
    case(T, "ALTER TABLE t DROP COLUMN a"),
    case(T, "ALTER TABLE t DROP COLUMN IF EXISTS nothing"),
    case(KEYED, "ALTER TABLE c DROP COLUMN p_id"),
    case(KEYED, "ALTER TABLE p DROP COLUMN id CASCADE"),
    case(VIEW, "ALTER TABLE t DROP COLUMN id CASCADE"),
    case(PARTS, "ALTER TABLE r DROP COLUMN a"),
    case(T, "ALTER TABLE t RENAME COLUMN a TO z"),
    case(PARTS, "ALTER TABLE r RENAME COLUMN a TO z"),
    case(T, "ALTER TABLE t ALTER COLUMN a SET DEFAULT 5"),
    case(T, "ALTER TABLE t ALTER COLUMN a DROP DEFAULT"),
    case(PARTS, "ALTER TABLE r ALTER COLUMN a SET DEFAULT 5"),
    case(T, "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    case(T, "ALTER TABLE t ALTER COLUMN id SET NOT NULL"),
    case("CREATE TABLE t (a integer CHECK (a IS NOT NULL));", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    case("CREATE TABLE t (a integer, b integer, CHECK (a IS NOT NULL AND b > 0));", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    case("CREATE TABLE t (a integer, b integer, CHECK (a IS NOT NULL OR b > 0));", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    case("CREATE TABLE t (a text, CHECK (length(a) > 0));", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    case(
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID;",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    ),
    case(
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    ),
    since(
        18,
        "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    ),
    case(PARTS, "ALTER TABLE r ALTER COLUMN a SET NOT NULL"),
    case("CREATE TABLE t (a integer NOT NULL);", "ALTER TABLE t ALTER COLUMN a DROP NOT NULL"),
    case("CREATE TABLE t (a integer NOT NULL);", "ALTER TABLE t ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY"),
    case("CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY);", "ALTER TABLE t ALTER COLUMN a SET GENERATED BY DEFAULT"),
    case("CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY);", "ALTER TABLE t ALTER COLUMN a DROP IDENTITY"),
    case("CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a) STORED);", "ALTER TABLE t ALTER COLUMN b DROP EXPRESSION"),
    since(
        17,
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a) STORED);",
        "ALTER TABLE t ALTER COLUMN b SET EXPRESSION AS (a + 1)",
    ),
    since(
        18,
        "CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (a) VIRTUAL);",
        "ALTER TABLE t ALTER COLUMN b SET EXPRESSION AS (a + 1)",
    ),
    case(T, "ALTER TABLE t ALTER COLUMN b SET STATISTICS 500"),
    case(T, "ALTER TABLE t ALTER COLUMN a SET (n_distinct = 5)"),
    case(T, "ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL"),
    case(T, "ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz"),
    // Types.
    case(T, "ALTER TABLE t ALTER COLUMN v TYPE character varying(40)"),
    case(T, "ALTER TABLE t ALTER COLUMN v TYPE text"),
    case(T, "ALTER TABLE t ALTER COLUMN v TYPE character varying(10)"),
    case(T, "ALTER TABLE t ALTER COLUMN a TYPE bigint"),
    case(
        "CREATE TABLE t (a timestamp without time zone); INSERT INTO t VALUES ('2026-11-21');",
        "ALTER TABLE t ALTER COLUMN a TYPE timestamp with time zone",
    ),
    case(T, "ALTER TABLE t ALTER COLUMN v TYPE text USING v::text"),
    case(T, "ALTER TABLE t ALTER COLUMN v TYPE text USING upper(v)"),
    case(PARTS, "ALTER TABLE r ALTER COLUMN a TYPE bigint"),
    case("CREATE TABLE t (v character varying(20)); CREATE INDEX i ON t (v);", "ALTER TABLE t ALTER COLUMN v TYPE text"),
    case("CREATE TABLE t (v character varying(20)); CREATE INDEX i ON t (lower(v));", "ALTER TABLE t ALTER COLUMN v TYPE text"),
    case("CREATE TABLE t (v character varying(20)); CREATE INDEX i ON t (v) WHERE v <> '';", "ALTER TABLE t ALTER COLUMN v TYPE text"),
    case("CREATE TABLE t (v character varying(20), CHECK (v <> ''));", "ALTER TABLE t ALTER COLUMN v TYPE text"),
    case("CREATE TABLE t (v character varying(20) COLLATE \"C\");", "ALTER TABLE t ALTER COLUMN v TYPE text"),
    case("CREATE TABLE t (v character varying(20)); CREATE INDEX i ON t (v);", "ALTER TABLE t ALTER COLUMN v TYPE text COLLATE \"POSIX\""),
    case(KEYED, "ALTER TABLE c ALTER COLUMN p_id TYPE bigint"),
    case(KEYED, "ALTER TABLE p ALTER COLUMN id TYPE bigint"),
    case(
        "CREATE TABLE p (v character varying(20) PRIMARY KEY); CREATE TABLE c (v character varying(20) REFERENCES p);",
        "ALTER TABLE c ALTER COLUMN v TYPE text",
    ),
    case(DOMAIN, "ALTER TABLE t ALTER COLUMN a TYPE plain"),
    case(DOMAIN, "ALTER TABLE t ALTER COLUMN a TYPE positive"),
    case(DOMAIN, "ALTER TABLE t ALTER COLUMN n TYPE integer"),
    // Constraints.
    case(T, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)"),
    case(T, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID"),
    case(PARTS, "ALTER TABLE r ADD CONSTRAINT k CHECK (a > 0)"),
    case("CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;", "ALTER TABLE t VALIDATE CONSTRAINT k"),
    case(T, "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)"),
    case("CREATE TABLE t (a integer);", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)"),
    case("CREATE TABLE t (a integer NOT NULL);", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)"),
    case(
        "CREATE TABLE t (a integer NOT NULL); CREATE UNIQUE INDEX i ON t (a);",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
    ),
    case("CREATE TABLE t (a integer); CREATE UNIQUE INDEX i ON t (a);", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i"),
    case(
        "CREATE TABLE t (a integer CHECK (a IS NOT NULL)); CREATE UNIQUE INDEX i ON t (a);",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
    ),
    case("CREATE TABLE t (a integer); CREATE UNIQUE INDEX i ON t (a);", "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i"),
    case("CREATE TABLE t (a int4range);", "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (a WITH &&)"),
    case(PAIR, "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (p_id) REFERENCES p (id)"),
    case(PAIR, "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (p_id) REFERENCES p (id) NOT VALID"),
    case(
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (p_id integer); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1); \
         ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (p_id) REFERENCES p (id) NOT VALID;",
        "ALTER TABLE c VALIDATE CONSTRAINT k",
    ),
    since(18, PAIR, "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (p_id) REFERENCES p (id) NOT ENFORCED"),
    since(
        18,
        "CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (p_id integer); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1); \
         ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (p_id) REFERENCES p (id) NOT ENFORCED;",
        "ALTER TABLE c ALTER CONSTRAINT k ENFORCED",
    ),
    since(18, KEYED, "ALTER TABLE c ALTER CONSTRAINT c_p NOT ENFORCED"),
    since(18, T, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED"),
    since(18, T, "ALTER TABLE t ADD CONSTRAINT k NOT NULL a"),
    since(18, T, "ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID"),
    since(18, "CREATE TABLE t (a integer); ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;", "ALTER TABLE t VALIDATE CONSTRAINT k"),
    case(
        "CREATE TABLE q (id integer PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (9); \
         CREATE TABLE c (q_id integer); INSERT INTO q VALUES (1); INSERT INTO c VALUES (1);",
        "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (q_id) REFERENCES q (id)",
    ),
    case(KEYED, "ALTER TABLE c DROP CONSTRAINT c_p"),
    case(T, "ALTER TABLE t DROP CONSTRAINT t_pkey"),
    case(KEYED, "ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE"),
    case("CREATE TABLE t (a integer CONSTRAINT k CHECK (a > 0));", "ALTER TABLE t DROP CONSTRAINT k"),
    case("CREATE TABLE t (a integer CONSTRAINT k CHECK (a > 0));", "ALTER TABLE t RENAME CONSTRAINT k TO l"),
    case(KEYED, "ALTER TABLE c ALTER CONSTRAINT c_p DEFERRABLE"),
    // Indexes.
    case(T, "CREATE INDEX i ON t (a)"),
    case(T, "CREATE UNIQUE INDEX i ON t (a)"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "CREATE INDEX IF NOT EXISTS i ON t (a)"),
    case(PARTS, "CREATE INDEX i ON r (a)"),
    case(PARTS, "CREATE INDEX i ON ONLY r (a)"),
    case(PARTS, "ALTER TABLE ONLY r ADD CONSTRAINT u UNIQUE (id, a)"),
    case(PARTS, "ALTER TABLE ONLY r ADD CONSTRAINT u PRIMARY KEY (id)"),
    case(PARTS, "ALTER TABLE r ADD CONSTRAINT u UNIQUE (id, a)"),
    case(PARTS, "ALTER TABLE r ADD CONSTRAINT u PRIMARY KEY (id)"),
    case(PARTS_NULLABLE, "ALTER TABLE r ADD CONSTRAINT u PRIMARY KEY (id)"),
    since(17, PARTS, "ALTER TABLE r ADD CONSTRAINT u EXCLUDE USING btree (id WITH =)"),
    case(T, "ALTER TABLE ONLY t ADD CONSTRAINT u UNIQUE (a)"),
    case(T, "CREATE INDEX CONCURRENTLY i ON t (a)"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "DROP INDEX i"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "DROP INDEX CONCURRENTLY i"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "ALTER INDEX i RENAME TO j"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "ALTER INDEX i SET (fillfactor = 70)"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "REINDEX INDEX i"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "REINDEX TABLE t"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "REINDEX INDEX CONCURRENTLY i"),
    case("CREATE TABLE t (a integer); CREATE INDEX i ON t (a);", "REINDEX TABLE CONCURRENTLY t"),
    case(
        "CREATE TABLE r (id integer NOT NULL, a integer) PARTITION BY RANGE (id); CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (10); \
         CREATE INDEX i ON ONLY r (a); CREATE INDEX i1 ON r1 (a);",
        "ALTER INDEX i ATTACH PARTITION i1",
    ),
    // Partitions.
    case(PARTS_LOOSE, "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (10) TO (100)"),
    case(
        "CREATE TABLE r (id integer NOT NULL) PARTITION BY RANGE (id); CREATE TABLE x (id integer NOT NULL, CHECK (id >= 10 AND id < 100));",
        "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (10) TO (100)",
    ),
    case(
        "CREATE TABLE r (id integer) PARTITION BY RANGE (id); CREATE TABLE x (id integer, CHECK (id >= 10 AND id < 100));",
        "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (10) TO (100)",
    ),
    case(
        "CREATE TABLE r (id integer NOT NULL) PARTITION BY RANGE (id); CREATE TABLE rd PARTITION OF r DEFAULT; CREATE TABLE x (id integer NOT NULL);",
        "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (10) TO (100)",
    ),
    case(
        "CREATE TABLE r (id integer NOT NULL, a integer) PARTITION BY RANGE (id); CREATE INDEX i ON r (a); CREATE TABLE x (id integer NOT NULL, a integer);",
        "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (10) TO (100)",
    ),
    case(PARTS_LOOSE, "ALTER TABLE r ATTACH PARTITION x DEFAULT"),
    case(BOUNDED, "ALTER TABLE r ATTACH PARTITION within FOR VALUES FROM (10) TO (100)"),
    case(BOUNDED, "ALTER TABLE r ATTACH PARTITION within FOR VALUES FROM (10) TO (99)"),
    case(BOUNDED, "ALTER TABLE r ATTACH PARTITION within FOR VALUES FROM (0) TO (1000)"),
    case(BOUNDED, "ALTER TABLE r ATTACH PARTITION within FOR VALUES FROM (MINVALUE) TO (100)"),
    case(BOUNDED, "ALTER TABLE r ATTACH PARTITION between_two FOR VALUES FROM (10) TO (100)"),
    case(BOUNDED, "ALTER TABLE r ATTACH PARTITION loose FOR VALUES FROM (10) TO (100)"),
    case(BOUNDED, "ALTER TABLE r ATTACH PARTITION hoped FOR VALUES FROM (10) TO (100)"),
    case(BOUNDED, "ALTER TABLE l ATTACH PARTITION two FOR VALUES IN ('a', 'b', 'c')"),
    case(BOUNDED, "ALTER TABLE l ATTACH PARTITION two FOR VALUES IN ('a')"),
    case(BOUNDED, "ALTER TABLE l ATTACH PARTITION one FOR VALUES IN ('a')"),
    case(BOUNDED, "ALTER TABLE d ATTACH PARTITION day FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"),
    case(BOUNDED, "ALTER TABLE h ATTACH PARTITION x FOR VALUES WITH (MODULUS 1, REMAINDER 0)"),
    case(OUTSIDE, "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (10) TO (100)"),
    case(OUTSIDE, "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (20) TO (30)"),
    case(OUTSIDE, "ALTER TABLE r ATTACH PARTITION x FOR VALUES FROM (10) TO (200)"),
    case(OUTSIDE, "CREATE TABLE r3 PARTITION OF r FOR VALUES FROM (10) TO (100)"),
    case(OUTSIDE, "ALTER TABLE n ATTACH PARTITION y FOR VALUES FROM (10) TO (100)"),
    case(OUTSIDE, "ALTER TABLE l ATTACH PARTITION z FOR VALUES IN ('a')"),
    case(OUTSIDE, "ALTER TABLE l ATTACH PARTITION z FOR VALUES IN ('a', 'c')"),
    case(UNLIKE, "ALTER TABLE one ATTACH PARTITION x FOR VALUES IN ('a')"),
    case(UNLIKE, "ALTER TABLE one ATTACH PARTITION x FOR VALUES IN ('a', 'b')"),
    case(UNLIKE, "ALTER TABLE two ATTACH PARTITION x FOR VALUES IN ('a', 'b')"),
    case(UNLIKE, "ALTER TABLE distinct_from ATTACH PARTITION x FOR VALUES IN ('a')"),
    // Types of columns on which something stands.
    case(HUNG, "ALTER TABLE t ALTER COLUMN plain TYPE text"),
    case(HUNG, "ALTER TABLE t ALTER COLUMN indexed TYPE text"),
    case(HUNG, "ALTER TABLE t ALTER COLUMN shaped TYPE text"),
    case(HUNG, "ALTER TABLE t ALTER COLUMN partly TYPE text"),
    case(HUNG, "ALTER TABLE t ALTER COLUMN checked TYPE text"),
    case(HUNG, "ALTER TABLE c ALTER COLUMN t_id TYPE numeric(12,2)"),
    case(HUNG, "ALTER TABLE c ALTER COLUMN code TYPE text"),
    case(HUNG, "ALTER TABLE t ALTER COLUMN code TYPE text"),
    case(PARTS, "ALTER TABLE r DETACH PARTITION r1"),
    case(PARTS_DEFAULT, "ALTER TABLE r DETACH PARTITION r1"),
    case(PARTS, "ALTER TABLE r DETACH PARTITION r1 CONCURRENTLY"),
    // The table as a whole.
    case(T, "ALTER TABLE t SET (fillfactor = 70)"),
    case(T, "ALTER TABLE t SET UNLOGGED"),
    case(T, "ALTER TABLE t SET LOGGED"),
    case("CREATE UNLOGGED TABLE t (a integer);", "ALTER TABLE t SET LOGGED"),
    case(T, "ALTER TABLE t REPLICA IDENTITY FULL"),
    case(T, "ALTER TABLE t CLUSTER ON t_pkey"),
    case(TRIGGERED, "ALTER TABLE t DISABLE TRIGGER g"),
    case(TRIGGERED, "ALTER TABLE t ENABLE TRIGGER ALL"),
    case("CREATE TABLE o (a integer); CREATE TABLE t (a integer);", "ALTER TABLE t INHERIT o"),
    case("CREATE TABLE o (a integer); CREATE TABLE t () INHERITS (o);", "ALTER TABLE t NO INHERIT o"),
    case(T, "COMMENT ON TABLE t IS 'x'"),
    case(T, "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
    case(T, "CREATE POLICY y ON t USING (true)"),
    case(T, "ALTER TABLE t OWNER TO postgres"),
    case(T, "GRANT SELECT ON t TO keyholder"),
    case(T, "REVOKE ALL ON t FROM keyholder"),
    case(T, "LOCK TABLE t"),
    case(T, "LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE"),
    case(T, "TRUNCATE t"),
    case(KEYED, "TRUNCATE p CASCADE"),
    case(T, "ANALYZE t"),
    case(T, "VACUUM t"),
    case(T, "VACUUM FULL t"),
    case(T, "CLUSTER t USING t_pkey"),
    // Views, triggers, types, sequences, schemas.
    case(T, "CREATE VIEW w AS SELECT id FROM t"),
    case(VIEW, "CREATE OR REPLACE VIEW w AS SELECT id, a FROM t"),
    case(VIEW, "DROP VIEW w"),
    case(VIEW, "ALTER VIEW w RENAME TO x"),
    case(MATVIEW, "REFRESH MATERIALIZED VIEW m"),
    case(MATVIEW, "REFRESH MATERIALIZED VIEW CONCURRENTLY m"),
    case(TRIGGERED, "CREATE TRIGGER h AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()"),
    case(TRIGGERED, "DROP TRIGGER g ON t"),
    case(TRIGGERED, "ALTER TRIGGER g ON t RENAME TO h"),
    case(TRIGGERED, "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$"),
    case("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e);", "ALTER TYPE e ADD VALUE 'b'"),
    case("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e);", "ALTER TYPE e RENAME VALUE 'a' TO 'b'"),
    case("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id integer, x e);", "DROP TYPE e CASCADE"),
    case(DOMAIN, "ALTER DOMAIN plain ADD CONSTRAINT k CHECK (VALUE > 0)"),
    case(DOMAIN, "ALTER DOMAIN plain ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID"),
    case(DOMAIN, "ALTER DOMAIN plain SET NOT NULL"),
    case(
        "CREATE DOMAIN plain AS integer; CREATE TABLE t (n plain); ALTER DOMAIN plain ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;",
        "ALTER DOMAIN plain VALIDATE CONSTRAINT k",
    ),
    case("CREATE SEQUENCE s;", "ALTER SEQUENCE s RESTART WITH 100"),
    case("CREATE TABLE t (a serial);", "DROP SEQUENCE t_a_seq CASCADE"),
    case("CREATE SCHEMA app; CREATE TABLE app.t (a integer);", "DROP SCHEMA app CASCADE"),
    case(T, "CREATE DATABASE another"),
    // Rows.
    case(T, "INSERT INTO t VALUES (100, 1)"),
    case(T, "UPDATE t SET a = 5"),
    case(T, "DELETE FROM t WHERE id = 5"),
    case(PAIR, "INSERT INTO c SELECT id + 100, id FROM p"),
    case(T, "SELECT * FROM t"),
];
