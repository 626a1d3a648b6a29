ALTER TABLE users ADD COLUMN full_name text;
CREATE FUNCTION zz_sync_users_name_full_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  new_counts boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    new_counts := NEW.full_name IS NOT NULL;
  ELSIF NEW.full_name IS DISTINCT FROM OLD.full_name THEN
    new_counts := true;
  ELSIF NEW.name IS DISTINCT FROM OLD.name THEN
    new_counts := false;
  ELSE
    RETURN NEW;
  END IF;
  IF new_counts AND NEW.full_name IS DISTINCT FROM NEW.name THEN
    NEW.name := NEW.full_name;
  END IF;
  IF NEW.full_name IS DISTINCT FROM NEW.name THEN
    NEW.full_name := NEW.name;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER zz_sync_users_name_full_name BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION zz_sync_users_name_full_name();
UPDATE users SET full_name = name WHERE full_name IS DISTINCT FROM name;
SELECT count(*) FROM users WHERE full_name IS NOT NULL AND full_name IS DISTINCT FROM name;
DROP TRIGGER zz_sync_users_name_full_name ON users;
DROP FUNCTION zz_sync_users_name_full_name();
