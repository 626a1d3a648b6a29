ALTER TABLE users ADD CONSTRAINT users_country_present CHECK (country IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_country_present;
ALTER TABLE users ALTER COLUMN country SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_country_present;
BEGIN;
DROP TRIGGER users_country_unknown ON users;
DROP FUNCTION users_country_unknown();
COMMIT;
