CREATE FUNCTION users_country_unknown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.country := coalesce(NEW.country, 'ZZ');
  RETURN NEW;
END
$$;
CREATE TRIGGER users_country_unknown BEFORE INSERT OR UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION users_country_unknown();
