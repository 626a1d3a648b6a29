ALTER TABLE "Order Items" ADD COLUMN cents bigint;
CREATE FUNCTION "zz_sync_Order Items_price_cents"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  new_counts boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    new_counts := NEW.cents IS NOT NULL AND (NEW.price IS NULL OR NOT (NEW.price IS DISTINCT FROM (0)));
  ELSIF NEW.price IS DISTINCT FROM OLD.price THEN
    new_counts := false;
  ELSIF NEW.cents IS DISTINCT FROM OLD.cents THEN
    new_counts := true;
  ELSE
    RETURN NEW;
  END IF;
  IF new_counts AND NEW.cents IS DISTINCT FROM CAST(NEW.price * 100 AS bigint) AND (NEW.cents IS NULL OR NEW.price IS DISTINCT FROM CAST(NEW.cents / 100.0 AS numeric(10, 2))) THEN
    NEW.price := CAST(NEW.cents / 100.0 AS numeric(10, 2));
  END IF;
  IF NEW.cents IS DISTINCT FROM CAST(NEW.price * 100 AS bigint) AND (NEW.cents IS NULL OR NEW.price IS DISTINCT FROM CAST(NEW.cents / 100.0 AS numeric(10, 2))) THEN
    NEW.cents := CAST(NEW.price * 100 AS bigint);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "zz_sync_Order Items_price_cents" BEFORE INSERT OR UPDATE ON "Order Items" FOR EACH ROW EXECUTE FUNCTION "zz_sync_Order Items_price_cents"();
UPDATE "Order Items" SET cents = CAST(price * 100 AS bigint) WHERE cents IS DISTINCT FROM CAST(price * 100 AS bigint) AND (cents IS NULL OR price IS DISTINCT FROM CAST(cents / 100.0 AS numeric(10, 2)));
SELECT count(*) FROM "Order Items" WHERE cents IS NOT NULL AND cents IS DISTINCT FROM CAST(price * 100 AS bigint);
DROP TRIGGER "zz_sync_Order Items_price_cents" ON "Order Items";
DROP FUNCTION "zz_sync_Order Items_price_cents"();
