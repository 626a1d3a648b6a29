-- Refused, with a cure that replaces the statement.
/* é */ CREATE INDEX users_nick ON users (nick);

-- Refused.
ALTER TABLE orders DROP COLUMN note;

-- A warning here: the project says so.
DROP TABLE legacy_carts;

-- migrate: allow(drop-column) reason="nobody | has read it since 2024"
ALTER TABLE addresses DROP COLUMN fax;
