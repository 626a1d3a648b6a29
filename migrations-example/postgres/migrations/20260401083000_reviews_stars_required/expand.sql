-- reviews.stars becomes NOT NULL. Older releases leave it out: they get the neutral value.
BEGIN;
CREATE FUNCTION reviews_stars_neutral() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stars := coalesce(NEW.stars, 3);
    RETURN NEW;
END
$$;
CREATE TRIGGER reviews_stars_neutral BEFORE INSERT OR UPDATE ON reviews
    FOR EACH ROW EXECUTE FUNCTION reviews_stars_neutral();
COMMIT;
