-- reviews.stars becomes NOT NULL. Older releases leave it out: they get the neutral value.
CREATE TRIGGER reviews_stars_neutral AFTER INSERT ON reviews
WHEN NEW.stars IS NULL
BEGIN
    UPDATE reviews SET stars = 3 WHERE id = NEW.id;
END;
