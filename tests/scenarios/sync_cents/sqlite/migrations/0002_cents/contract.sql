-- Nobody reads whole units any more.
ALTER TABLE orders DROP COLUMN total;
