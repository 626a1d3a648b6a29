BEGIN;
ALTER TABLE users RENAME TO people;
CREATE VIEW users AS SELECT id, name FROM people;
CREATE TRIGGER users_insert INSTEAD OF INSERT ON users
BEGIN
  INSERT INTO people (id, name) VALUES (NEW.id, NEW.name);
END;
CREATE TRIGGER users_update INSTEAD OF UPDATE ON users
BEGIN
  UPDATE people SET id = NEW.id, name = NEW.name WHERE id = OLD.id;
END;
CREATE TRIGGER users_delete INSTEAD OF DELETE ON users
BEGIN
  DELETE FROM people WHERE id = OLD.id;
END;
COMMIT;
