ALTER TABLE users ADD COLUMN "Full Name" varchar(80);
CREATE FUNCTION "zz_sync_users_first_Full Name"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  new_counts boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    new_counts := NEW."Full Name" IS NOT NULL AND NEW.first IS NULL;
  ELSIF (NEW.first IS DISTINCT FROM OLD.first OR NEW.last IS DISTINCT FROM OLD.last) THEN
    new_counts := false;
  ELSIF NEW."Full Name" IS DISTINCT FROM OLD."Full Name" THEN
    new_counts := true;
  ELSE
    RETURN NEW;
  END IF;
  IF new_counts AND NEW."Full Name" IS DISTINCT FROM CAST(NEW.first || ' ' || NEW.last AS character varying) AND (NEW."Full Name" IS NULL OR NEW.first IS DISTINCT FROM CAST(split_part(NEW."Full Name", ' ', 1) AS text)) THEN
    NEW.first := CAST(split_part(NEW."Full Name", ' ', 1) AS text);
  END IF;
  IF NEW."Full Name" IS DISTINCT FROM CAST(NEW.first || ' ' || NEW.last AS character varying) AND (NEW."Full Name" IS NULL OR NEW.first IS DISTINCT FROM CAST(split_part(NEW."Full Name", ' ', 1) AS text)) THEN
    NEW."Full Name" := CAST(NEW.first || ' ' || NEW.last AS character varying);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "zz_sync_users_first_Full Name" BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION "zz_sync_users_first_Full Name"();
UPDATE users SET "Full Name" = CAST(first || ' ' || last AS character varying) WHERE "Full Name" IS DISTINCT FROM CAST(first || ' ' || last AS character varying) AND ("Full Name" IS NULL OR first IS DISTINCT FROM CAST(split_part("Full Name", ' ', 1) AS text));
SELECT count(*) FROM users WHERE "Full Name" IS NOT NULL AND "Full Name" IS DISTINCT FROM CAST(first || ' ' || last AS character varying);
DROP TRIGGER "zz_sync_users_first_Full Name" ON users;
DROP FUNCTION "zz_sync_users_first_Full Name"();
