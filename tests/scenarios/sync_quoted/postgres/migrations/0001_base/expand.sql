CREATE TABLE "Order Items" (id bigint PRIMARY KEY, "Unit Price" integer NOT NULL DEFAULT 0);

INSERT INTO "Order Items" (id, "Unit Price") SELECT n, n FROM generate_series(1, 2000) AS n;
