ALTER TABLE users ADD COLUMN slug text;
