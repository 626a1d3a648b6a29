-- The old carts were emptied in May.
DROP TABLE legacy_carts;
