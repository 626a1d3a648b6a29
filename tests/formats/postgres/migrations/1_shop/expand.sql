CREATE TABLE users (id bigint PRIMARY KEY, name text, nick text);
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE TABLE addresses (id bigint PRIMARY KEY, fax text);
CREATE TABLE legacy_carts (id bigint PRIMARY KEY);
