CREATE INDEX orders_total_cents ON orders (total_cents);
