CREATE TRIGGER users_country_unknown AFTER INSERT ON users
WHEN NEW.country IS NULL
BEGIN
  UPDATE users SET country = 'ZZ' WHERE id = NEW.id;
END;
