-- Prices leave floating point: price becomes price_cents.
-- Both releases write while the roll-out lasts: whichever column a release does not know is kept equal for it.
BEGIN;
ALTER TABLE line_items ADD COLUMN price_cents INTEGER;
CREATE TRIGGER line_items_price_cents_insert AFTER INSERT ON line_items
WHEN NEW.price_cents IS NULL OR NEW.price IS NULL
BEGIN
    UPDATE line_items SET price_cents = coalesce(NEW.price_cents, CAST(round(NEW.price * 100) AS INTEGER)), price = coalesce(NEW.price, NEW.price_cents / 100.0) WHERE id = NEW.id;
END;
CREATE TRIGGER line_items_price_to_price_cents AFTER UPDATE OF price ON line_items
WHEN NEW.price IS NOT OLD.price AND NEW.price_cents IS OLD.price_cents
BEGIN
    UPDATE line_items SET price_cents = CAST(round(NEW.price * 100) AS INTEGER) WHERE id = NEW.id;
END;
CREATE TRIGGER line_items_price_cents_to_price AFTER UPDATE OF price_cents ON line_items
WHEN NEW.price_cents IS NOT OLD.price_cents AND NEW.price IS OLD.price
BEGIN
    UPDATE line_items SET price = NEW.price_cents / 100.0 WHERE id = NEW.id;
END;
COMMIT;
