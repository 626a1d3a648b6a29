UPDATE orders SET total_cents = total::bigint * 100 WHERE total_cents IS NULL;
