UPDATE users SET full_name = name WHERE full_name IS NULL AND name IS NOT NULL;
