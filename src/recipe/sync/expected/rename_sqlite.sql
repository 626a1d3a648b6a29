ALTER TABLE users ADD COLUMN full_name text;
CREATE TRIGGER zz_sync_users_name_full_name_insert AFTER INSERT ON users WHEN NEW.full_name IS NOT NEW.name BEGIN
  UPDATE users SET name = NEW.full_name WHERE rowid = NEW.rowid AND NEW.full_name IS NOT NULL;
  UPDATE users SET full_name = name WHERE rowid = NEW.rowid AND full_name IS NOT name;
END;
CREATE TRIGGER zz_sync_users_name_full_name_new AFTER UPDATE ON users WHEN NEW.full_name IS NOT OLD.full_name AND NEW.full_name IS NOT NEW.name BEGIN
  UPDATE users SET name = NEW.full_name WHERE rowid = NEW.rowid;
END;
CREATE TRIGGER zz_sync_users_name_full_name_old AFTER UPDATE ON users WHEN NEW.name IS NOT OLD.name AND NOT (NEW.full_name IS NOT OLD.full_name) AND NEW.full_name IS NOT NEW.name BEGIN
  UPDATE users SET full_name = NEW.name WHERE rowid = NEW.rowid;
END;
UPDATE users SET full_name = name WHERE full_name IS NOT name;
SELECT count(*) FROM users WHERE full_name IS NOT NULL AND full_name IS NOT name;
DROP TRIGGER zz_sync_users_name_full_name_insert;
DROP TRIGGER zz_sync_users_name_full_name_new;
DROP TRIGGER zz_sync_users_name_full_name_old;
