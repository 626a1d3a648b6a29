UPDATE users SET email = mail WHERE email IS NULL;
