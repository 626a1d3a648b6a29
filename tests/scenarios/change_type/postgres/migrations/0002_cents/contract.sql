ALTER TABLE orders ADD CONSTRAINT orders_total_cents_present CHECK (total_cents IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_cents_present;
BEGIN;
DROP TRIGGER orders_keep_totals_equal ON orders;
DROP FUNCTION orders_keep_totals_equal();
ALTER TABLE orders DROP COLUMN total;
COMMIT;
