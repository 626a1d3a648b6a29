-- "My orders" walks all orders without it. Built beside the writers.
CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id);
