UPDATE users SET slug = lower(nick) WHERE slug IS NULL AND nick IS NOT NULL;
