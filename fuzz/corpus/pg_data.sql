0UPDATE users SET name = (SELECT note FROM orders o WHERE o.user_id = users.id LIMIT 1), age = age + 1 WHERE mail IS NULL RETURNING id;
WITH d AS (DELETE FROM orders WHERE total < 0 RETURNING *) INSERT INTO users SELECT id, 'x', note, 1 FROM d ON CONFLICT (id) DO UPDATE SET name = excluded.name; COPY users (id) FROM stdin;
1
\.
