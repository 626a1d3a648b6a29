UPDATE users SET country = 'ZZ' WHERE country IS NULL;
