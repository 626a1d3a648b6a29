CREATE TABLE orders (id bigint PRIMARY KEY, total integer NOT NULL);

INSERT INTO orders (id, total) SELECT n, n FROM generate_series(1, 2000) AS n;
