CREATE TABLE "Order Items" (id INTEGER PRIMARY KEY, "Unit Price" INTEGER NOT NULL DEFAULT 0);

INSERT INTO "Order Items" (id, "Unit Price")
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
SELECT n, n FROM numbers;
