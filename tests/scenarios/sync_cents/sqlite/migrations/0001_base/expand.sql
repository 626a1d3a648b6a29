CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER);

INSERT INTO orders (id, total)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
SELECT n, n FROM numbers;
