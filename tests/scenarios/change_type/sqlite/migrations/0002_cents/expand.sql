BEGIN;
ALTER TABLE orders ADD COLUMN total_cents INTEGER;
CREATE TRIGGER orders_total_cents_insert AFTER INSERT ON orders
WHEN NEW.total_cents IS NULL OR NEW.total IS NULL
BEGIN
  UPDATE orders SET total_cents = coalesce(NEW.total_cents, NEW.total * 100), total = coalesce(NEW.total, NEW.total_cents / 100) WHERE id = NEW.id;
END;
CREATE TRIGGER orders_total_to_total_cents AFTER UPDATE OF total ON orders
WHEN NEW.total IS NOT OLD.total AND NEW.total_cents IS OLD.total_cents
BEGIN
  UPDATE orders SET total_cents = NEW.total * 100 WHERE id = NEW.id;
END;
CREATE TRIGGER orders_total_cents_to_total AFTER UPDATE OF total_cents ON orders
WHEN NEW.total_cents IS NOT OLD.total_cents AND NEW.total IS OLD.total
BEGIN
  UPDATE orders SET total = NEW.total_cents / 100 WHERE id = NEW.id;
END;
COMMIT;
