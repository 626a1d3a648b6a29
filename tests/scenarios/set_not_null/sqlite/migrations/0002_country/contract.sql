BEGIN;
CREATE TABLE users_strict (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
INSERT INTO users_strict (id, name, country) SELECT id, name, country FROM users;
DROP TABLE users;
ALTER TABLE users_strict RENAME TO users;
COMMIT;
