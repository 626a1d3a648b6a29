CREATE INDEX CONCURRENTLY orders_total_cents ON orders (total_cents);
