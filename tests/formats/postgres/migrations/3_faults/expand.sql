-- Refused, with a cure that replaces the statement.
/* é */ CREATE INDEX users_nick ON users (nick);

-- Refused.
ALTER TABLE users DROP COLUMN nick;

-- A warning here: the project says so.
DROP TABLE legacy_carts;

-- A notice here: the project says so.
ALTER TABLE users ALTER COLUMN born TYPE date USING born::date;

-- migrate: allow(drop-column) reason="nobody | has read it since 2024"
ALTER TABLE users DROP COLUMN fax;
