-- Wick's tables and views in PostgreSQL. Prices and quantities are integers beside their scale; amounts are in
-- 10^-8 of the quote asset. Times are ms since 1970 UTC. `version` says which change of the ledger wrote a row:
-- generation << 32 | number of the delivery. A row is never overwritten by an earlier change that was overtaken.

CREATE TABLE intervals (
    interval_s integer PRIMARY KEY,
    name text NOT NULL
);
INSERT INTO intervals (interval_s, name) VALUES
    (60, '1m'), (180, '3m'), (300, '5m'), (900, '15m'), (1800, '30m'), (3600, '1h'), (7200, '2h'), (14400, '4h'),
    (21600, '6h'), (28800, '8h'), (43200, '12h'), (86400, '1d'), (604800, '1w');

CREATE TABLE series (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exchange text NOT NULL,
    symbol text NOT NULL,
    interval_s integer NOT NULL CHECK (interval_s > 0),
    fire_from_ms bigint, -- NULL until told
    UNIQUE (exchange, symbol, interval_s)
);

CREATE TABLE candles (
    open_time_ms bigint NOT NULL,
    open bigint NOT NULL,
    high bigint NOT NULL,
    low bigint NOT NULL,
    close bigint NOT NULL,
    volume bigint NOT NULL,
    series_id integer NOT NULL,
    price_scale smallint NOT NULL CHECK (price_scale BETWEEN 0 AND 18),
    volume_scale smallint NOT NULL CHECK (volume_scale BETWEEN 0 AND 18),
    PRIMARY KEY (series_id, open_time_ms)
);

CREATE TABLE signals (
    strategy text NOT NULL,
    exchange text NOT NULL,
    symbol text NOT NULL,
    interval_s integer NOT NULL CHECK (interval_s > 0),
    candle_time_ms bigint NOT NULL,
    side text NOT NULL,
    price bigint NOT NULL,
    price_scale smallint NOT NULL CHECK (price_scale BETWEEN 0 AND 18),
    outcome text NOT NULL,
    reason text NOT NULL,
    decided_ms bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (strategy, exchange, symbol, interval_s, candle_time_ms)
);
CREATE INDEX signals_by_time ON signals (decided_ms);

CREATE TABLE orders (
    order_id text NOT NULL PRIMARY KEY,
    strategy text NOT NULL,
    exchange text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    state text NOT NULL,
    quantity bigint NOT NULL,
    filled bigint NOT NULL,
    quantity_scale smallint NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX orders_by_time ON orders (created_ms);
CREATE INDEX orders_open ON orders (created_ms) WHERE state NOT IN ('filled', 'cancelled', 'expired', 'rejected');

CREATE TABLE fills (
    trade_id text NOT NULL,
    order_id text NOT NULL,
    strategy text NOT NULL,
    exchange text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    price bigint NOT NULL,
    price_scale smallint NOT NULL CHECK (price_scale BETWEEN 0 AND 18),
    quantity bigint NOT NULL,
    quantity_scale smallint NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    notional bigint NOT NULL,
    fee bigint NOT NULL,
    realised bigint NOT NULL,
    time_ms bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (exchange, symbol, trade_id)
);
CREATE INDEX fills_by_time ON fills (time_ms);

CREATE TABLE positions (
    exchange text NOT NULL,
    symbol text NOT NULL,
    strategy text NOT NULL,
    quantity bigint NOT NULL, -- 0: closed
    quantity_scale smallint NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    cost bigint NOT NULL,
    realised bigint NOT NULL,
    opened_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    mark bigint NOT NULL,
    mark_scale smallint NOT NULL CHECK (mark_scale BETWEEN 0 AND 18),
    unrealised bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (exchange, symbol)
);

CREATE TABLE equity (
    time_ms bigint PRIMARY KEY,
    start bigint NOT NULL,
    cash bigint NOT NULL,
    inventory bigint NOT NULL,
    realised bigint NOT NULL,
    fees bigint NOT NULL,
    unrealised bigint NOT NULL,
    equity bigint NOT NULL,
    version bigint NOT NULL
);

CREATE TABLE leases (
    name text NOT NULL PRIMARY KEY,
    holder bigint NOT NULL, -- the holder's 64 bits, as a signed number
    generation bigint NOT NULL,
    expires_ms bigint NOT NULL -- by the clock of this database
);

-- Fails the transaction if a lease has gone on to a later generation, and keeps it from doing so until the end of
-- the transaction.
CREATE FUNCTION require_generation(lease_name text, generation_of_writer bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    current_generation bigint;
BEGIN
    SELECT generation INTO current_generation FROM leases WHERE name = lease_name FOR SHARE;
    IF current_generation > generation_of_writer THEN
        RAISE EXCEPTION 'the lease % is at generation %, the writer at %', lease_name, current_generation,
            generation_of_writer USING ERRCODE = 'WK001';
    END IF;
END
$$;

-- mantissa * 10^-scale, exactly, without zeros at the end. (A division would round.)
CREATE FUNCTION exact_decimal(mantissa bigint, scale smallint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT trim_scale(mantissa * ('1e-' || scale::text)::numeric)
$$;

CREATE FUNCTION exact_amount(mantissa bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT trim_scale(mantissa * 0.00000001)
$$;

CREATE VIEW v_candles AS
SELECT s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, c.open_time_ms,
    exact_decimal(c.open, c.price_scale) AS open,
    exact_decimal(c.high, c.price_scale) AS high,
    exact_decimal(c.low, c.price_scale) AS low,
    exact_decimal(c.close, c.price_scale) AS close,
    exact_decimal(c.volume, c.volume_scale) AS volume
FROM series s
JOIN candles c ON c.series_id = s.id
LEFT JOIN intervals i ON i.interval_s = s.interval_s;

CREATE VIEW v_signals AS
SELECT s.strategy, s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, s.candle_time_ms, s.side,
    exact_decimal(s.price, s.price_scale) AS price, s.outcome, s.reason
FROM signals s
LEFT JOIN intervals i ON i.interval_s = s.interval_s;

CREATE VIEW v_orders AS
SELECT order_id, strategy, exchange, symbol, side, state, exact_decimal(quantity, quantity_scale) AS quantity,
    exact_decimal(filled, quantity_scale) AS filled, created_ms, updated_ms
FROM orders;

CREATE VIEW v_fills AS
SELECT trade_id, order_id, strategy, exchange, symbol, side, exact_decimal(price, price_scale) AS price,
    exact_decimal(quantity, quantity_scale) AS quantity, exact_amount(notional) AS notional,
    exact_amount(fee) AS fee, exact_amount(realised) AS realised, time_ms
FROM fills;

CREATE VIEW v_positions AS
SELECT exchange, symbol, strategy, exact_decimal(quantity, quantity_scale) AS quantity, exact_amount(cost) AS cost,
    exact_amount(realised) AS realised, opened_ms, updated_ms
FROM positions
WHERE quantity <> 0;

CREATE VIEW v_equity AS
SELECT time_ms, exact_amount(equity) AS equity, exact_amount(cash) AS cash, exact_amount(unrealised) AS unrealised,
    exact_amount(realised) AS realised, exact_amount(fees) AS fees
FROM equity;
