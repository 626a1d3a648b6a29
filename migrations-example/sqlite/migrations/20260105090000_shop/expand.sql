-- The shop as it went live.
CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT,
    email TEXT NOT NULL UNIQUE,
    fax TEXT,
    country TEXT NOT NULL DEFAULT 'FR' REFERENCES countries (code)
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    placed_at TEXT NOT NULL DEFAULT '2026-01-05'
);
CREATE TABLE line_items (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL DEFAULT 1,
    price REAL
);
CREATE TABLE reviews (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, stars INTEGER);
CREATE TABLE legacy_carts (id INTEGER PRIMARY KEY, content TEXT);

INSERT INTO countries (code, name) VALUES ('FR', 'France'), ('DE', 'Germany'), ('PL', 'Poland');

INSERT INTO users (id, name, email, fax)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
SELECT n, 'Customer ' || n, 'customer' || n || '@example.com', '+33 1 ' || n FROM numbers;

INSERT INTO orders (id, user_id)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000)
SELECT n, 1 + n % 20000 FROM numbers;

INSERT INTO line_items (id, order_id, sku, price)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 80000)
SELECT n, 1 + n % 40000, 'SKU-' || n % 500, (n % 5000) / 100.0 FROM numbers;

INSERT INTO reviews (id, sku, stars)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
SELECT n, 'SKU-' || n % 500, CASE WHEN n % 3 = 0 THEN NULL ELSE 1 + n % 5 END FROM numbers;
