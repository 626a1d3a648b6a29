3-- migrate: allow(drop-column) reason="nobody reads it" until=2027-01-01
ALTER TABLE users DROP COLUMN mail;
/* nested /* comment */ */ SELECT $1, $x$ ; $x$, U&"d\0061t" -- end