CREATE TABLE users (id bigint PRIMARY KEY, name text, mail text);

INSERT INTO users (id, name, mail) SELECT n, 'name ' || n, 'm' FROM generate_series(1, 2000) AS n;
