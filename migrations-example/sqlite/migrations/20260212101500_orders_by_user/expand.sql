-- "My orders" walks all orders without it.
CREATE INDEX orders_user_id ON orders (user_id);
