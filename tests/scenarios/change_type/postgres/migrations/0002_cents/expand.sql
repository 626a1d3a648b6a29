BEGIN;
ALTER TABLE orders ADD COLUMN total_cents bigint;
CREATE FUNCTION orders_keep_totals_equal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.total_cents := coalesce(NEW.total_cents, NEW.total::bigint * 100);
    NEW.total := coalesce(NEW.total, (NEW.total_cents / 100)::integer);
  ELSIF NEW.total_cents IS DISTINCT FROM OLD.total_cents THEN
    NEW.total := (NEW.total_cents / 100)::integer;
  ELSIF NEW.total IS DISTINCT FROM OLD.total THEN
    NEW.total_cents := NEW.total::bigint * 100;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER orders_keep_totals_equal BEFORE INSERT OR UPDATE ON orders
  FOR EACH ROW EXECUTE FUNCTION orders_keep_totals_equal();
COMMIT;
