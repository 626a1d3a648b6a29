BEGIN;
DROP TRIGGER users_full_name_insert;
DROP TRIGGER users_name_to_full_name;
DROP TRIGGER users_full_name_to_name;
ALTER TABLE users DROP COLUMN name;
COMMIT;
