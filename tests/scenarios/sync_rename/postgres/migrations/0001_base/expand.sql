CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);

INSERT INTO users (id, name) SELECT n, 'name ' || n FROM generate_series(1, 2000) AS n;
