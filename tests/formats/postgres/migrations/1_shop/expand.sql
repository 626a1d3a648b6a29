CREATE TABLE users (id bigint PRIMARY KEY, name text, nick text, fax text, born text);
CREATE TABLE legacy_carts (id bigint PRIMARY KEY);
