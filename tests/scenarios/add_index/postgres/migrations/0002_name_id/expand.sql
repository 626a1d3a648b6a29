CREATE INDEX CONCURRENTLY users_name_id ON users (name, id);
