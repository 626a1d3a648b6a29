CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, nick text);

INSERT INTO users (id, name, nick) SELECT n, 'name ' || n, 'nick ' || n FROM generate_series(1, 2000) AS n;
