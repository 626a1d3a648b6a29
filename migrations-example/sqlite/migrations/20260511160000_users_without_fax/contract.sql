-- Release 2 neither reads nor writes it.
ALTER TABLE users DROP COLUMN fax;
