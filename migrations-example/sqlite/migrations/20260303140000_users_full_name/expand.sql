-- Renames users.name to users.full_name.
-- Both releases write while the roll-out lasts: whichever column a release does not know is kept equal for it.
BEGIN;
ALTER TABLE users ADD COLUMN full_name TEXT;
CREATE TRIGGER users_full_name_insert AFTER INSERT ON users
WHEN NEW.full_name IS NULL OR NEW.name IS NULL
BEGIN
    UPDATE users SET full_name = coalesce(NEW.full_name, NEW.name), name = coalesce(NEW.name, NEW.full_name) WHERE id = NEW.id;
END;
CREATE TRIGGER users_name_to_full_name AFTER UPDATE OF name ON users
WHEN NEW.name IS NOT OLD.name AND NEW.full_name IS OLD.full_name
BEGIN
    UPDATE users SET full_name = NEW.name WHERE id = NEW.id;
END;
CREATE TRIGGER users_full_name_to_name AFTER UPDATE OF full_name ON users
WHEN NEW.full_name IS NOT OLD.full_name AND NEW.name IS OLD.name
BEGIN
    UPDATE users SET name = NEW.full_name WHERE id = NEW.id;
END;
COMMIT;
