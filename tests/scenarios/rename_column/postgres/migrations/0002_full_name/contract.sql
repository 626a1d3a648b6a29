BEGIN;
DROP TRIGGER users_keep_names_equal ON users;
DROP FUNCTION users_keep_names_equal();
ALTER TABLE users DROP COLUMN name;
COMMIT;
