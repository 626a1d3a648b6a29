BEGIN;
DROP TRIGGER users_email_insert;
DROP TRIGGER users_mail_to_email;
DROP TRIGGER users_email_to_mail;
ALTER TABLE users DROP COLUMN mail;
COMMIT;
