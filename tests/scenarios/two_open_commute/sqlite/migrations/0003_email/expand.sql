BEGIN;
ALTER TABLE users ADD COLUMN email TEXT;
CREATE TRIGGER users_email_insert AFTER INSERT ON users
WHEN NEW.email IS NULL OR NEW.mail IS NULL
BEGIN
  UPDATE users SET email = coalesce(NEW.email, NEW.mail), mail = coalesce(NEW.mail, NEW.email) WHERE id = NEW.id;
END;
CREATE TRIGGER users_mail_to_email AFTER UPDATE OF mail ON users
WHEN NEW.mail IS NOT OLD.mail AND NEW.email IS OLD.email
BEGIN
  UPDATE users SET email = NEW.mail WHERE id = NEW.id;
END;
CREATE TRIGGER users_email_to_mail AFTER UPDATE OF email ON users
WHEN NEW.email IS NOT OLD.email AND NEW.mail IS OLD.mail
BEGIN
  UPDATE users SET mail = NEW.email WHERE id = NEW.id;
END;
COMMIT;
