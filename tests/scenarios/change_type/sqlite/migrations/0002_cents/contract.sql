BEGIN;
DROP TRIGGER orders_total_cents_insert;
DROP TRIGGER orders_total_to_total_cents;
DROP TRIGGER orders_total_cents_to_total;
ALTER TABLE orders DROP COLUMN total;
COMMIT;
