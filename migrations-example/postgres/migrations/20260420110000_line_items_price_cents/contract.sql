BEGIN;
DROP TRIGGER line_items_sync_price_cents ON line_items;
DROP FUNCTION line_items_sync_price_cents();
ALTER TABLE line_items DROP COLUMN price;
COMMIT;
