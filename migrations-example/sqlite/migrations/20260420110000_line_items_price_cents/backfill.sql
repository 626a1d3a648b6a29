UPDATE line_items SET price_cents = CAST(round(price * 100) AS INTEGER) WHERE price_cents IS NULL AND price IS NOT NULL;
