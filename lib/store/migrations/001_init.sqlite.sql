-- Wick's tables and views in SQLite. Prices and quantities are integers beside their scale; amounts are in
-- 10^-8 of the quote asset. Times are ms since 1970 UTC. `version` says which change of the ledger wrote a row:
-- generation << 32 | number of the delivery. A row is never overwritten by an earlier change that was overtaken.

CREATE TABLE intervals (
    interval_s INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
INSERT INTO intervals (interval_s, name) VALUES
    (60, '1m'), (180, '3m'), (300, '5m'), (900, '15m'), (1800, '30m'), (3600, '1h'), (7200, '2h'), (14400, '4h'),
    (21600, '6h'), (28800, '8h'), (43200, '12h'), (86400, '1d'), (604800, '1w');

-- For the exact decimal texts of the views.
CREATE TABLE powers_of_ten (
    scale INTEGER PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
WITH RECURSIVE power(scale, value) AS (
    SELECT 0, 1 UNION ALL SELECT scale + 1, value * 10 FROM power WHERE scale < 18
)
INSERT INTO powers_of_ten (scale, value) SELECT scale, value FROM power;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    interval_s INTEGER NOT NULL CHECK (interval_s BETWEEN 1 AND 2147483647),
    fire_from_ms INTEGER, -- NULL until told
    UNIQUE (exchange, symbol, interval_s)
) STRICT;

CREATE TABLE candles (
    series_id INTEGER NOT NULL,
    open_time_ms INTEGER NOT NULL,
    open INTEGER NOT NULL,
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    close INTEGER NOT NULL,
    volume INTEGER NOT NULL,
    price_scale INTEGER NOT NULL CHECK (price_scale BETWEEN 0 AND 18),
    volume_scale INTEGER NOT NULL CHECK (volume_scale BETWEEN 0 AND 18),
    PRIMARY KEY (series_id, open_time_ms)
) WITHOUT ROWID, STRICT;

CREATE TABLE signals (
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    interval_s INTEGER NOT NULL CHECK (interval_s BETWEEN 1 AND 2147483647),
    candle_time_ms INTEGER NOT NULL,
    side TEXT NOT NULL,
    price INTEGER NOT NULL,
    price_scale INTEGER NOT NULL CHECK (price_scale BETWEEN 0 AND 18),
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_ms INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (strategy, exchange, symbol, interval_s, candle_time_ms)
) WITHOUT ROWID, STRICT;
CREATE INDEX signals_by_time ON signals (decided_ms);

CREATE TABLE orders (
    order_id TEXT NOT NULL PRIMARY KEY,
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    state TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    filled INTEGER NOT NULL,
    quantity_scale INTEGER NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX orders_by_time ON orders (created_ms);
CREATE INDEX orders_open ON orders (created_ms) WHERE state NOT IN ('filled', 'cancelled', 'expired', 'rejected');

CREATE TABLE fills (
    trade_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    price INTEGER NOT NULL,
    price_scale INTEGER NOT NULL CHECK (price_scale BETWEEN 0 AND 18),
    quantity INTEGER NOT NULL,
    quantity_scale INTEGER NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    notional INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    realised INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (exchange, symbol, trade_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX fills_by_time ON fills (time_ms);

CREATE TABLE positions (
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    strategy TEXT NOT NULL,
    quantity INTEGER NOT NULL, -- 0: closed
    quantity_scale INTEGER NOT NULL CHECK (quantity_scale BETWEEN 0 AND 18),
    cost INTEGER NOT NULL,
    realised INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    mark_scale INTEGER NOT NULL CHECK (mark_scale BETWEEN 0 AND 18),
    unrealised INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (exchange, symbol)
) WITHOUT ROWID, STRICT;

CREATE TABLE equity (
    time_ms INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    cash INTEGER NOT NULL,
    inventory INTEGER NOT NULL,
    realised INTEGER NOT NULL,
    fees INTEGER NOT NULL,
    unrealised INTEGER NOT NULL,
    equity INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder INTEGER NOT NULL, -- the holder's 64 bits, as a signed number
    generation INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL -- by the clock of this database
) WITHOUT ROWID, STRICT;

-- Numbers in views are exact texts without zeros at their end. Each is printed as sign, whole part, point and
-- fraction; then the zeros, and a point left bare, are cut off.

CREATE VIEW v_candles AS
SELECT s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, c.open_time_ms,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.open < 0, '-', ''), abs(c.open / p.value), c.price_scale, abs(c.open % p.value)), '0'), '.') AS open,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.high < 0, '-', ''), abs(c.high / p.value), c.price_scale, abs(c.high % p.value)), '0'), '.') AS high,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.low < 0, '-', ''), abs(c.low / p.value), c.price_scale, abs(c.low % p.value)), '0'), '.') AS low,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.close < 0, '-', ''), abs(c.close / p.value), c.price_scale, abs(c.close % p.value)), '0'), '.') AS close,
    rtrim(rtrim(printf('%s%d.%0*d', iif(c.volume < 0, '-', ''), abs(c.volume / v.value), c.volume_scale, abs(c.volume % v.value)), '0'), '.') AS volume
FROM series s
JOIN candles c ON c.series_id = s.id
JOIN powers_of_ten p ON p.scale = c.price_scale
JOIN powers_of_ten v ON v.scale = c.volume_scale
LEFT JOIN intervals i ON i.interval_s = s.interval_s;

CREATE VIEW v_signals AS
SELECT s.strategy, s.exchange, s.symbol, coalesce(i.name, s.interval_s || 's') AS interval, s.candle_time_ms, s.side,
    rtrim(rtrim(printf('%s%d.%0*d', iif(s.price < 0, '-', ''), abs(s.price / p.value), s.price_scale, abs(s.price % p.value)), '0'), '.') AS price,
    s.outcome, s.reason
FROM signals s
JOIN powers_of_ten p ON p.scale = s.price_scale
LEFT JOIN intervals i ON i.interval_s = s.interval_s;

CREATE VIEW v_orders AS
SELECT o.order_id, o.strategy, o.exchange, o.symbol, o.side, o.state,
    rtrim(rtrim(printf('%s%d.%0*d', iif(o.quantity < 0, '-', ''), abs(o.quantity / q.value), o.quantity_scale, abs(o.quantity % q.value)), '0'), '.') AS quantity,
    rtrim(rtrim(printf('%s%d.%0*d', iif(o.filled < 0, '-', ''), abs(o.filled / q.value), o.quantity_scale, abs(o.filled % q.value)), '0'), '.') AS filled,
    o.created_ms, o.updated_ms
FROM orders o
JOIN powers_of_ten q ON q.scale = o.quantity_scale;

CREATE VIEW v_fills AS
SELECT f.trade_id, f.order_id, f.strategy, f.exchange, f.symbol, f.side,
    rtrim(rtrim(printf('%s%d.%0*d', iif(f.price < 0, '-', ''), abs(f.price / p.value), f.price_scale, abs(f.price % p.value)), '0'), '.') AS price,
    rtrim(rtrim(printf('%s%d.%0*d', iif(f.quantity < 0, '-', ''), abs(f.quantity / q.value), f.quantity_scale, abs(f.quantity % q.value)), '0'), '.') AS quantity,
    rtrim(rtrim(printf('%s%d.%08d', iif(f.notional < 0, '-', ''), abs(f.notional / 100000000), abs(f.notional % 100000000)), '0'), '.') AS notional,
    rtrim(rtrim(printf('%s%d.%08d', iif(f.fee < 0, '-', ''), abs(f.fee / 100000000), abs(f.fee % 100000000)), '0'), '.') AS fee,
    rtrim(rtrim(printf('%s%d.%08d', iif(f.realised < 0, '-', ''), abs(f.realised / 100000000), abs(f.realised % 100000000)), '0'), '.') AS realised,
    f.time_ms
FROM fills f
JOIN powers_of_ten p ON p.scale = f.price_scale
JOIN powers_of_ten q ON q.scale = f.quantity_scale;

CREATE VIEW v_positions AS
SELECT o.exchange, o.symbol, o.strategy,
    rtrim(rtrim(printf('%s%d.%0*d', iif(o.quantity < 0, '-', ''), abs(o.quantity / q.value), o.quantity_scale, abs(o.quantity % q.value)), '0'), '.') AS quantity,
    rtrim(rtrim(printf('%s%d.%08d', iif(o.cost < 0, '-', ''), abs(o.cost / 100000000), abs(o.cost % 100000000)), '0'), '.') AS cost,
    rtrim(rtrim(printf('%s%d.%08d', iif(o.realised < 0, '-', ''), abs(o.realised / 100000000), abs(o.realised % 100000000)), '0'), '.') AS realised,
    o.opened_ms, o.updated_ms
FROM positions o
JOIN powers_of_ten q ON q.scale = o.quantity_scale
WHERE o.quantity <> 0;

CREATE VIEW v_equity AS
SELECT time_ms,
    rtrim(rtrim(printf('%s%d.%08d', iif(equity < 0, '-', ''), abs(equity / 100000000), abs(equity % 100000000)), '0'), '.') AS equity,
    rtrim(rtrim(printf('%s%d.%08d', iif(cash < 0, '-', ''), abs(cash / 100000000), abs(cash % 100000000)), '0'), '.') AS cash,
    rtrim(rtrim(printf('%s%d.%08d', iif(unrealised < 0, '-', ''), abs(unrealised / 100000000), abs(unrealised % 100000000)), '0'), '.') AS unrealised,
    rtrim(rtrim(printf('%s%d.%08d', iif(realised < 0, '-', ''), abs(realised / 100000000), abs(realised % 100000000)), '0'), '.') AS realised,
    rtrim(rtrim(printf('%s%d.%08d', iif(fees < 0, '-', ''), abs(fees / 100000000), abs(fees % 100000000)), '0'), '.') AS fees
FROM equity;
