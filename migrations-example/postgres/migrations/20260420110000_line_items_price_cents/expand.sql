-- Prices become whole cents: price becomes price_cents.
-- Both releases write while the roll-out lasts: whichever column a release does not know is kept equal for it.
BEGIN;
ALTER TABLE line_items ADD COLUMN price_cents bigint;
CREATE FUNCTION line_items_sync_price_cents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.price_cents := coalesce(NEW.price_cents, (NEW.price * 100)::bigint);
        NEW.price := coalesce(NEW.price, NEW.price_cents / 100.0);
    ELSIF NEW.price_cents IS DISTINCT FROM OLD.price_cents THEN
        NEW.price := NEW.price_cents / 100.0;
    ELSIF NEW.price IS DISTINCT FROM OLD.price THEN
        NEW.price_cents := (NEW.price * 100)::bigint;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER line_items_sync_price_cents BEFORE INSERT OR UPDATE ON line_items
    FOR EACH ROW EXECUTE FUNCTION line_items_sync_price_cents();
COMMIT;
