-- SQLite cannot tighten a column: the table is made anew. Nothing refers to it, so nothing cascades.
BEGIN;
CREATE TABLE reviews_strict (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, stars INTEGER NOT NULL);
INSERT INTO reviews_strict (id, sku, stars) SELECT id, sku, stars FROM reviews;
DROP TABLE reviews;
ALTER TABLE reviews_strict RENAME TO reviews;
COMMIT;
