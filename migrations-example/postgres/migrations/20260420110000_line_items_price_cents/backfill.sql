UPDATE line_items SET price_cents = (price * 100)::bigint WHERE price_cents IS NULL AND price IS NOT NULL;
