ALTER TABLE users ADD COLUMN full_name character varying(100);
CREATE TRIGGER zz_sync_users_name_full_name_insert BEFORE INSERT ON users FOR EACH ROW SET
  NEW.name = IF(NEW.full_name IS NOT NULL AND NOT (NEW.full_name <=> NEW.name), NEW.full_name, NEW.name),
  NEW.full_name = IF(NOT (NEW.full_name <=> NEW.name), NEW.name, NEW.full_name);
CREATE TRIGGER zz_sync_users_name_full_name_update BEFORE UPDATE ON users FOR EACH ROW SET
  NEW.name = IF(NOT (NEW.full_name <=> OLD.full_name) AND NOT (NEW.full_name <=> NEW.name), NEW.full_name, NEW.name),
  NEW.full_name = IF(NOT (NEW.name <=> OLD.name) AND NOT (NEW.full_name <=> NEW.name), NEW.name, NEW.full_name);
UPDATE users SET full_name = name WHERE NOT (full_name <=> name);
SELECT count(*) FROM users WHERE full_name IS NOT NULL AND NOT (full_name <=> name);
DROP TRIGGER zz_sync_users_name_full_name_insert;
DROP TRIGGER zz_sync_users_name_full_name_update;
