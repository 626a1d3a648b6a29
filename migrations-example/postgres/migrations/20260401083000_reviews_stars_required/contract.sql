-- Proved without a long lock: the check is validated beside writers, and SET NOT NULL trusts it.
ALTER TABLE reviews ADD CONSTRAINT reviews_stars_present CHECK (stars IS NOT NULL) NOT VALID;
ALTER TABLE reviews VALIDATE CONSTRAINT reviews_stars_present;
ALTER TABLE reviews ALTER COLUMN stars SET NOT NULL;
ALTER TABLE reviews DROP CONSTRAINT reviews_stars_present;
BEGIN;
DROP TRIGGER reviews_stars_neutral ON reviews;
DROP FUNCTION reviews_stars_neutral();
COMMIT;
