CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);

INSERT INTO users (id, name)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
SELECT n, 'name ' || n FROM numbers;
