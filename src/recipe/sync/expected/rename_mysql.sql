ALTER TABLE users ADD COLUMN full_name character varying(100);
CREATE TRIGGER zz_sync_users_name_full_name_insert BEFORE INSERT ON users FOR EACH ROW SET
  NEW.name = IF(NEW.full_name IS NOT NULL AND NOT (CAST(NEW.full_name AS BINARY) <=> CAST(NEW.name AS BINARY)), NEW.full_name, NEW.name),
  NEW.full_name = IF(NOT (CAST(NEW.full_name AS BINARY) <=> CAST(NEW.name AS BINARY)), NEW.name, NEW.full_name);
CREATE TRIGGER zz_sync_users_name_full_name_update BEFORE UPDATE ON users FOR EACH ROW SET
  NEW.name = IF(NOT (CAST(NEW.full_name AS BINARY) <=> CAST(OLD.full_name AS BINARY)) AND NOT (CAST(NEW.full_name AS BINARY) <=> CAST(NEW.name AS BINARY)), NEW.full_name, NEW.name),
  NEW.full_name = IF(NOT (CAST(NEW.name AS BINARY) <=> CAST(OLD.name AS BINARY)) AND NOT (CAST(NEW.full_name AS BINARY) <=> CAST(NEW.name AS BINARY)), NEW.name, NEW.full_name);
UPDATE users SET full_name = name WHERE NOT (CAST(full_name AS BINARY) <=> CAST(name AS BINARY));
SELECT count(*) FROM users WHERE full_name IS NOT NULL AND NOT (CAST(full_name AS BINARY) <=> CAST(name AS BINARY));
DROP TRIGGER zz_sync_users_name_full_name_insert;
DROP TRIGGER zz_sync_users_name_full_name_update;
