UPDATE reviews SET stars = 3 WHERE stars IS NULL;
