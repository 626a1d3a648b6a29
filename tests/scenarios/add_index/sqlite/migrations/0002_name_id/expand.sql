CREATE INDEX users_name_id ON users (name, id);
