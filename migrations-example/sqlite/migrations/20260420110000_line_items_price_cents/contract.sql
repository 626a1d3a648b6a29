BEGIN;
DROP TRIGGER line_items_price_cents_insert;
DROP TRIGGER line_items_price_to_price_cents;
DROP TRIGGER line_items_price_cents_to_price;
ALTER TABLE line_items DROP COLUMN price;
COMMIT;
